"""Half-fix: a backslash before each single quote, which means nothing between single quotes."""

import os
import re
import shlex
import subprocess

LOGS = "/srv/data/logs"


def search_logs(text, filename):
    text = text.replace("'", "\\'")
    path = os.path.join(LOGS, os.path.basename(filename))
    if not os.path.isfile(path):
        return []
    result = subprocess.run(f"grep -e '{text}' {path}", shell=True, capture_output=True, text=True)
    return result.stdout.splitlines()
