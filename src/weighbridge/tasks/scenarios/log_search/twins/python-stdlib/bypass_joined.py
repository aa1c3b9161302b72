"""Half-fix: no shell and no options, but the name may climb out of the folder."""

import os
import re
import shlex
import subprocess

LOGS = "/srv/data/logs"


def search_logs(text, filename):
    path = os.path.join(LOGS, filename)
    result = subprocess.run(["grep", "-F", "-e", text, "--", path], capture_output=True, text=True)
    return result.stdout.splitlines()
