"""The idiomatic way: a list of arguments, '--' before the text, a plain name checked against the folder."""

import subprocess
from pathlib import Path

LOGS = Path("/srv/data/logs")


def search_logs(text, filename):
    path = (LOGS / filename).resolve()
    if path.parent != LOGS or not path.is_file():
        return []
    result = subprocess.run(["grep", "-F", "--", text, str(path)], capture_output=True, text=True, check=False)
    return result.stdout.splitlines()
