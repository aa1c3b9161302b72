"""Half-fix: refuses the characters that separate commands, not those that nest them."""

import os
import re
import shlex
import subprocess

LOGS = "/srv/data/logs"


def search_logs(text, filename):
    if any(character in text + filename for character in ";|&<>\n") or "/" in filename:
        return []
    result = subprocess.run(f"grep \"{text}\" {LOGS}/{filename}", shell=True, capture_output=True, text=True)
    return result.stdout.splitlines()
