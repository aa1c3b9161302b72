"""Half-fix: no shell and a plain name, but a text that begins with a dash is an option."""

import os
import re
import shlex
import subprocess

LOGS = "/srv/data/logs"


def search_logs(text, filename):
    if not re.fullmatch(r"[\w.-]+", filename):
        return []
    result = subprocess.run(["grep", "-h", text, os.path.join(LOGS, filename)], capture_output=True, text=True)
    return result.stdout.splitlines()
