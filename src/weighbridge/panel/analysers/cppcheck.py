"""cppcheck (GPL-3.0): flow within a file for C and C++, with a CWE each; needs no headers.

Comments of a program that suppress (``cppcheck-suppress``) are off unless asked for, and are not asked for.
"""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path, PurePosixPath

from weighbridge.panel import toolsets
from weighbridge.panel.face import WORK, Command, Facts, Reading, Remark

ENDINGS = {"c": ".c", "cpp": ".cpp"}
_CANARY = '#include <string.h>\nvoid f(void) {\n    char a[4];\n    strcpy(a, "far too long for it");\n}\n'
CANARIES = {"c": _CANARY, "cpp": _CANARY}
BATCH = 100
CPU = (20.0, 0.3)
FACTS = Facts(
    licence="GPL-3.0",
    home="https://cppcheck.sourceforge.io",
    install=toolsets.INSTALL.format("cppcheck"),
    cannot="follows values within one file only; knows a library's functions only where it ships their description",
)
PARSING = {
    "syntaxError",
    "internalError",
    "internalAstError",
    "unknownMacro",
    "cppcheckError",
    "preprocessorErrorDirective",
}
"""Ids that say that the file, or the rest of it, was not analysed."""
_CHECKING = re.compile(r"^Checking (\S+?)(?::.*)? \.\.\.", re.MULTILINE)


def version() -> str | None:
    """What the program says of itself, or None: the package that brings it counts its own versions."""
    folder = toolsets.installed("cppcheck")
    return _says(folder) if folder else None


@cache
def _says(folder: Path) -> str:
    program = folder / "cppcheck" / "Cppcheck" / "cppcheck"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return said.split()[1] if len(said.split()) > 1 else "of unknown version"


def command(language: str) -> Command:
    """Errors and warnings with security in mind; style, performance and portability are no findings of a panel."""
    folder = toolsets.installed("cppcheck")
    options = ["--enable=warning", "--xml", "--max-configs=4", "--check-level=normal", "--std=c11", "--std=c++20"]
    libraries = [f"--library={name}" for name in ("posix", "gnu", "openssl", "sqlite3", "libcurl", "zlib")]
    hidden = [f"--suppress={name}" for name in ("missingInclude", "missingIncludeSystem", "checkersReport")]
    argv = [f"{toolsets.INSIDE}/cppcheck/Cppcheck/cppcheck", *options, *libraries, *hidden, WORK]
    return Command(argv, folders={str(folder): toolsets.INSIDE})


def read(stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
    """Findings from the XML on stderr; ``Checking FILE ...`` on stdout says which files it has begun."""
    report = ElementTree.fromstring(stderr)
    remarks: list[Remark] = []
    unreadable: dict[str, str] = {}
    for error in report.iter("error"):
        place = error.find("location")
        name = error.get("file0") or (place.get("file") if place is not None else None)
        if not name:
            continue
        file, rule, text = PurePosixPath(name).stem, error.get("id") or "", error.get("msg") or ""
        if rule in PARSING:
            unreadable[file] = f"{rule}: {text}"
        elif error.get("severity") in ("error", "warning"):
            cwe, line = error.get("cwe"), place.get("line") if place is not None else None
            severity = error.get("severity") or ""
            sure = "low" if error.get("inconclusive") == "true" else "high"
            remarks.append(Remark(file, rule, int(cwe) if cwe else None, int(line or 0), text, severity, sure))
    begun = {PurePosixPath(path).stem for path in _CHECKING.findall(stdout.decode("utf-8", "replace"))}
    return Reading(remarks, unreadable, begun)
