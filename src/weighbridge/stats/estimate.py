"""What an estimator gives back: a number with an interval, or no estimate with its reason.

*No estimate* is a value of its own. It is never 0 and never a nan that passes as a number: whoever receives one must
say why there is none. In frames it is a null beside a reason.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class NoEstimate:
    """There is no estimate, and this is why."""

    reason: str


@dataclass(frozen=True)
class Estimate:
    """A point and the interval ``low`` to ``high`` that covers it at ``level`` (0.95 = 95 %); ``high`` may be inf."""

    value: float
    low: float
    high: float
    level: float = 0.95
