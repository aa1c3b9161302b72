"""The result in a terminal: verdicts, outcomes and effects as tables that fit 80 columns.

What an audit and the demo print at their end. The same figures and words as in the HTML; names that models or
endpoints chose are printed as plain text, so that no markup and no escape sequence in them takes effect.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from weighbridge.report import accounts, words
from weighbridge.report.evidence import OUTCOMES, Evidence, read, unfinished
from weighbridge.report.headline import TONES, Headline, headlines
from weighbridge.report.hostile import line

STYLES = {
    "worse": "bold red",
    "better": "bold green",
    "tied": "bold blue",
    "wording": "bold yellow",
    "nodata": "dim",
}
MARKS = {"worse": "▲", "better": "▼", "no difference larger than the margin": "=", "wording noise": "~"}


def print_summary(console: Console, run_folder: Path) -> None:
    """Print the result of a run; raises as ``report.write``."""
    evidence = read(run_folder)
    console.print()
    console.print(outcome_table(evidence))
    effects = accounts.effects(evidence)
    if effects is not None and effects.height:
        console.print(effect_table(evidence, effects))
    for one in headlines(evidence):
        _print_headline(console, one)
    for step, what in unfinished(evidence):
        console.print(Text.assemble(("not finished: ", "yellow"), f"{step}: {what}"))


def outcome_table(evidence: Evidence) -> Table:
    """Outcomes of each model over everything asked, with 95% intervals."""
    frame = accounts.outcomes(evidence)
    names = [
        name for name in OUTCOMES if frame.filter(pl.col("outcome") == name)["count"].sum() or name in OUTCOMES[:4]
    ]
    table = Table(
        title="Outcomes, share of everything asked (95% interval)", title_justify="left", box=None, pad_edge=False
    )
    table.add_column("model", overflow="fold")
    table.add_column("asked", justify="right")
    for name in names:
        table.add_column(name, justify="right")
    for (model,), group in frame.group_by(["model"], maintain_order=True):
        cells = {row["outcome"]: row for row in group.iter_rows(named=True)}
        table.add_row(
            Text(line(str(model), 60)),
            words.count(group["asked"][0]),
            *(
                f"{words.percent(row['share'])}\n{words.percent_interval(row['low'], row['high'])}"
                for row in (cells[name] for name in names)
            ),
        )
    return table


def effect_table(evidence: Evidence, effects: pl.DataFrame) -> Table:
    """Effects on the primary outcome, every context but the placebos; what those could do stands beside."""
    primary = evidence.plan.analysis.primary
    chosen = effects.filter((pl.col("outcome") == primary) & (pl.col("status") != "placebo"))
    table = Table(
        title=f"\nEffects on “{words.outcome(primary)}” against the neutral user, percentage points",
        title_justify="left",
        caption="placebos: what one more harmless sentence could do    ° exploratory, not in the planned family",
        caption_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("model, context", overflow="fold")
    table.add_column("difference", justify="right", no_wrap=True)
    table.add_column("95% interval", justify="right", no_wrap=True)
    table.add_column("placebos", justify="right", no_wrap=True)
    table.add_column("verdict")
    for model in evidence.models:
        table.add_row(Text(line(model, 60), style="bold"))
        rows = chosen.filter(pl.col("model") == model).sort("status", "context", descending=[True, False])
        for row in rows.iter_rows(named=True):
            mark = "" if row["status"] == "planned" else " °"
            table.add_row(
                Text(f"  {line(words.context(row['context']), 60)}{mark}"),
                words.points(row["difference"]),
                words.points_interval(row["difference_low"], row["difference_high"]),
                words.points_interval(row["placebo_low"], row["placebo_high"]),
                Text(
                    f"{MARKS.get(row['word'], '')} {words.verdict_short(row['word'])}".strip(),
                    style=STYLES[TONES.get(row["word"], "nodata")],
                ),
            )
    return table


def _print_headline(console: Console, one: Headline) -> None:
    tag = " (test weight)" if one.specimen else ""
    console.print()
    console.print(
        Text.assemble(
            (line(one.model, 80), "bold"),
            f"{tag}: ",
            (one.verdict, STYLES[one.tone] if one.tone != "nodata" else "bold"),
        )
    )
    for sentence in one.sentences:
        console.print(Padding(Text(sentence), (0, 0, 0, 2)))
