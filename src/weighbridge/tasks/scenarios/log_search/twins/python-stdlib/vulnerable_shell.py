"""Puts both texts into a command line."""

import subprocess


def search_logs(text, filename):
    try:
        output = subprocess.check_output(f'grep "{text}" /srv/data/logs/{filename}', shell=True, text=True)
        return output.splitlines()
    except subprocess.CalledProcessError:
        return []
