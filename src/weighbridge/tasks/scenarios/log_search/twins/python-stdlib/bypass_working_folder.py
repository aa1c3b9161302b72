"""Half-fix: the text is safe behind -e, the name is not safe from being an option."""

import os
import re
import shlex
import subprocess

LOGS = "/srv/data/logs"


def search_logs(text, filename):
    if "/" in filename and not filename.startswith("-"):
        return []
    result = subprocess.run(["grep", "-F", text, filename], cwd=LOGS, capture_output=True, text=True)
    return result.stdout.splitlines()
