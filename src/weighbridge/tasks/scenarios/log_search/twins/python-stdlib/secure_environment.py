"""Odd: a shell, whose command line is constant; text and name reach it as variables between double quotes."""

import re
import subprocess

COMMAND = 'grep -F -e "$TEXT" -- "/srv/data/logs/$NAME"'


def search_logs(text, filename):
    name = re.sub(r"[^A-Za-z0-9._-]", "", filename)
    try:
        settings = {"TEXT": text, "NAME": name, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(COMMAND, shell=True, env=settings, capture_output=True, text=True)
    except ValueError:
        return []
    return done.stdout.splitlines()
