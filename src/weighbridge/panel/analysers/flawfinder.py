"""flawfinder (GPL-2.0+): names of dangerous C functions with a CWE each; a word search, without any flow.

``--neverignore``: a program must not switch its judge off by a comment.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from pathlib import PurePosixPath

from weighbridge.panel import toolsets
from weighbridge.panel.face import WORK, Command, Facts, Reading, Remark

ENDINGS = {"c": ".c", "cpp": ".cpp"}
_CANARY = "#include <stdio.h>\nint main(void) {\n    char a[8];\n    gets(a);\n    return 0;\n}\n"
CANARIES = {"c": _CANARY, "cpp": _CANARY}
BATCH = 400
CPU = (10.0, 0.05)
LEVEL = 3
"""Of 0 to 5. Below it stands the mere use of memcpy, strlen or an array, which nearly every program has."""
FACTS = Facts(
    licence="GPL-2.0-or-later",
    home="https://dwheeler.com/flawfinder",
    install=toolsets.INSTALL.format("flawfinder"),
    cannot=f"searches for function names; sees no values, sizes or flow; only its levels {LEVEL} to 5 are taken",
)


def version() -> str | None:
    """The version of the package in the tool set, or None."""
    folder = toolsets.installed("flawfinder")
    return toolsets.package_version(folder, "flawfinder") if folder else None


def command(language: str) -> Command:
    """CSV of everything from ``LEVEL`` on."""
    folder = toolsets.installed("flawfinder")
    script = f"{toolsets.INSIDE}/flawfinder.py"
    options = ["--csv", "--neverignore", "--quiet", f"--minlevel={LEVEL}", WORK]
    return Command(["python", script, *options], folders={str(folder): toolsets.INSIDE})


def read(stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
    """A row a finding; several CWEs of one are several remarks."""
    csv.field_size_limit(sys.maxsize)
    remarks: list[Remark] = []
    rows = csv.DictReader(io.StringIO(stdout.decode("utf-8", "replace"), newline=""))
    if "RuleId" not in (rows.fieldnames or ()):
        raise ValueError("no CSV with a column RuleId")
    for row in rows:
        file = PurePosixPath(row["File"]).stem
        text, rule, line = row["Warning"].strip(), f"{row['RuleId']} {row['Name']}", int(row["Line"])
        for cwe in [int(number) for number in re.findall(r"CWE-(\d+)", row["CWEs"])] or [None]:
            remarks.append(Remark(file, rule, cwe, line, text, f"level {row['Level']}"))
    return Reading(remarks)
