"""Is Inspect there? Everything that needs the extra ``[inspect]`` asks here, and says the mend in one sentence."""

from __future__ import annotations

from importlib.util import find_spec

from weighbridge.errors import WeighbridgeError


def require_inspect(what: str) -> None:
    """See that Inspect is installed.

    Raises:
        WeighbridgeError: it is not; ``what`` begins the sentence.
    """
    if find_spec("inspect_ai") is None:
        raise WeighbridgeError(
            f"{what} needs Inspect, which is the extra `inspect`; pip install 'weighbridge[inspect]'"
        )
