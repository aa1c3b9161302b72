"""Half-fix: both texts are quoted for the shell, but grep still takes a leading dash for an option."""

import os
import re
import shlex
import subprocess

LOGS = "/srv/data/logs"


def search_logs(text, filename):
    path = os.path.join(LOGS, os.path.basename(filename))
    command = f"grep {shlex.quote(text)} {shlex.quote(path)}"
    result = subprocess.run(command, shell=True, capture_output=True, text=True)
    return result.stdout.splitlines()
