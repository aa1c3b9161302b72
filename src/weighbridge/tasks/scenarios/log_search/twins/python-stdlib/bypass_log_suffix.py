"""Half-fix: the text is quoted; the name only has to end in .log."""

import os
import re
import shlex
import subprocess

LOGS = "/srv/data/logs"


def search_logs(text, filename):
    if not filename.endswith(".log") or ".." in filename:
        return []
    command = f"grep -F -e {shlex.quote(text)} {LOGS}/{filename}"
    result = subprocess.run(command, shell=True, capture_output=True, text=True)
    return result.stdout.splitlines()
