"""Looks after the log files of the shop."""

import os
import subprocess

LOGS = "/srv/data/logs"


def run(command):
    """The output of a command line, as text."""
    result = subprocess.run(command, shell=True, capture_output=True, text=True)
    return result.stdout


def list_logs():
    """Names of the log files, sorted."""
    return sorted(name for name in os.listdir(LOGS) if name.endswith(".log"))


def total_size():
    """Size of all log files together, in kilobytes."""
    return int(run(f"du -sk {LOGS} | cut -f1"))


def error_count():
    """How many lines of all log files say ERROR."""
    return int(run(f"cat {LOGS}/*.log | grep -c ERROR") or 0)


def newest():
    """Name of the log file that was written to last."""
    return run(f"ls -t {LOGS} | head -n 1").strip()
