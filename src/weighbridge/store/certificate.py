"""The instrument's certificate: what the last calibration on this machine found, and when. Every report shows it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from weighbridge.errors import TableCorrupt
from weighbridge.store.tables import write_beside


def place() -> Path:
    """Where this machine's certificate stands; ``WEIGHBRIDGE_CERTIFICATE`` names another file."""
    named = os.environ.get("WEIGHBRIDGE_CERTIFICATE")
    if named:
        return Path(named)
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "weighbridge" / "certificate.json"


def issue(certificate: Mapping[str, Any]) -> Path:
    """Keep a certificate for the reports to come; returns its place."""
    path = place()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, json.dumps(certificate, ensure_ascii=False, indent=1).encode())
    return path


def held(path: Path) -> dict[str, Any] | None:
    """The certificate in a file, or None where there is none: never calibrated.

    Raises:
        TableCorrupt: the file cannot be read.
    """
    if not path.is_file():
        return None
    try:
        found: object = json.loads(path.read_text("utf-8"))
        if not isinstance(found, dict):
            raise TypeError("it is not an object")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise TableCorrupt(f"{path}: cannot be read ({error}); run `weighbridge calibrate` again") from error
    return cast("dict[str, Any]", found)
