"""``weighbridge scan``: static analysers over every distinct program, as instruments beside the verdicts."""

from __future__ import annotations

import typer

from weighbridge.cli.options import AsJson, RunFolder, err, print_json


def register(app: typer.Typer) -> None:
    @app.command(help="Run the panel of static analysers over every distinct program.")
    def scan(run: RunFolder, json: AsJson = False) -> None:
        states = scan_run(run)
        if json:
            print_json(states)


def scan_run(folder: RunFolder) -> dict[str, dict[str, int]]:
    """Scan with a progress bar; returns how many programs each tool could and could not analyse."""
    from weighbridge.audit.plan import thaw
    from weighbridge.audit.scan import scan
    from weighbridge.cli.progress import Bars

    plan, run = thaw(folder)
    with run.alone(), Bars() as bars:
        scans, findings = scan(plan, run, on_progress=lambda tool, done, total: bars.show(f"scan: {tool}", done, total))
    states: dict[str, dict[str, int]] = {}
    for tool, state, count in scans.group_by("tool", "state").len().sort("tool", "state").iter_rows():
        states.setdefault(tool, {})[state] = count
    for tool, counts in states.items():
        found = findings.filter(findings["tool"] == tool).height
        words = ", ".join(f"{count} {state}" for state, count in counts.items())
        err().print(f"{tool}: {words}; {found} findings")
    return states
