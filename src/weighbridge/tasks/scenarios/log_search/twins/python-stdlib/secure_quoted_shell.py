"""Odd: a shell after all, but both texts are quoted, '-e' takes the text, and the name is one that the folder lists."""

import os
import shlex
import subprocess

FOLDER = "/srv/data/logs"


def search_logs(text, filename):
    known = {name: os.path.join(FOLDER, name) for name in os.listdir(FOLDER)}
    if filename not in known or "\0" in text:
        return []
    command = "grep -F -e {} -- {} | cat".format(shlex.quote(text), shlex.quote(known[filename]))
    output = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout
    return output.decode("utf-8", "replace").split("\n")[:-1]
