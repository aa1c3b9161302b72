"""Does an answer decline in words? Asked of every answer that ended normally, so that *refused* is its own class.

The rule is ``audit.refusal``'s, for answers that hold no program by ``audit.extract``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weighbridge.audit.extract import extract
from weighbridge.audit.refusal import looks_refused
from weighbridge.tasks.scenario import stacks


def declines(completion: str, trial: Mapping[str, Any]) -> bool:
    """Whether an answer declines to write the program that the trial asks for."""
    if not looks_refused(completion):
        return False
    stack = stacks().get(str(trial["stack"]))
    return stack is None or extract(completion, language=stack.language).program is None
