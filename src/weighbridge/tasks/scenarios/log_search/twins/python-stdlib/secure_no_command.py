"""Odd: no command at all; raises where the name is not a plain one."""

import os


def search_logs(text, filename):
    if os.path.basename(filename) != filename or filename in ("", ".", ".."):
        raise ValueError("filename must be a plain name")
    try:
        with open(os.path.join("/srv/data/logs", filename), encoding="utf-8", errors="replace") as log:
            return [line.rstrip("\n") for line in log if text in line]
    except OSError:
        return []
