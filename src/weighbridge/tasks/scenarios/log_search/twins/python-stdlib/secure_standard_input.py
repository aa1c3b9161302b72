"""Odd: opens the file itself and hands it to grep as standard input; the patterns come through an own file."""

import os
import re
import subprocess
import tempfile


def search_logs(text, filename):
    name = re.sub(r"[^A-Za-z0-9_.-]", "", filename).lstrip(".-")
    path = f"/srv/data/logs/{name}"
    if not name or not os.path.isfile(path):
        return []
    with tempfile.NamedTemporaryFile("w") as patterns, open(path, "rb") as log:
        patterns.write(text.replace("\n", " "))
        patterns.flush()
        done = subprocess.run(["grep", "-F", "-f", patterns.name], stdin=log, capture_output=True)
    return done.stdout.decode(errors="replace").splitlines()
