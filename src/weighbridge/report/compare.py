"""Models side by side as one page: standings with ties, pairs, modes of asking, tasks, and what the tools saw.

``audit.compare`` → a self-contained HTML file, CSV and JSON. Whose verdicts they are stands in the title, in the lead
and over every table of verdicts. A difference that the data do not show is a tie, and is said before the ranks are.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from weighbridge.audit.compare import Comparison, read_comparison
from weighbridge.audit.compare.answers import ALL_MODELS
from weighbridge.audit.compare.compare import FRAMES
from weighbridge.audit.compare.instruments import NAMED, PANEL
from weighbridge.audit.compare.tasks import NOTES
from weighbridge.audit.truth import OURS
from weighbridge.report import figures, words
from weighbridge.report.accounts import cwe_names
from weighbridge.report.comparison_words import SHORT, TITLES, glance, labelled, mode_name, ranks_of
from weighbridge.report.evidence import certificate
from weighbridge.report.files import plain, write_frame
from weighbridge.report.hostile import line
from weighbridge.report.page import Section, render_page, section
from weighbridge.stats.verdict import BETTER, WORSE
from weighbridge.store.tables import Run, is_collection, read_collection, write_beside

SHOWN = ("sound", "exploitable", "broken", "refused", "truncated", "exploitable_of_working")
ALL_FLAWS = "all flaws"
LENGTHS = ("lines", "code_lines", "comment_lines", "complexity", "exploitable_per_kloc", "findings_per_kloc")


LANGUAGES = {
    "cpp": "C++",
    "c": "C",
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "php": "PHP",
    "csharp": "C#",
}


def write(run: Run, out: Path | None = None) -> Path:
    """Write the page of the last comparison of a run; ``RUN/compare.html`` by default.

    Raises:
        StepMissing: nothing has been compared.
    """
    path = out or run.folder / "compare.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, render(run).encode("utf-8", "backslashreplace"))
    return path


def write_csv(found: Comparison, folder: Path) -> list[Path]:
    """Every table as CSV, safe for a spreadsheet."""
    folder.mkdir(parents=True, exist_ok=True)
    return [write_frame(getattr(found, name), folder / f"{name}.csv") for name in FRAMES]


def as_json(found: Comparison) -> str:
    """The whole comparison as JSON: ``facts`` and a list of rows for every table; unknown is null."""
    whole = {"facts": found.facts, **{name: getattr(found, name).to_dicts() for name in FRAMES}}
    return json.dumps(plain(whole), ensure_ascii=False, indent=1, allow_nan=False)


def render(run: Run) -> str:
    """The page as HTML; raises as ``write``."""
    written = read_comparison(run)
    found = labelled(written)
    source = words.listing(line(one, 60) for one in found.facts["sources"])
    sections = [
        _glance(found, source),
        _standings(found, source),
        _pairs(found, source),
        _asking(found, source),
        _tasks(found, source),
        _sight(found, source),
        _stealth(found, source),
        _reviewers(found, source),
        _lengths(found),
        _basis(found, run, source, written.facts["base"]),
    ]
    return render_page(
        f"Models side by side, by the verdicts of {source}",
        [one for one in sections if one is not None],
        lead=_lead(found, source),
        kind="Weighbridge comparison",
    )


def print_summary(console: Console, found: Comparison) -> None:
    """The standings and what came of them, in a terminal."""
    found = labelled(found)
    base = found.facts["base"]
    rates = found.rates.filter(pl.col("mode") == base)
    by = {(row["model"], row["outcome"]): row for row in rates.iter_rows(named=True)}
    shown = [name for name in SHOWN if rates.filter(pl.col("outcome") == name).height]
    source = words.listing(line(one, 60) for one in found.facts["sources"])
    title = f"Standings {mode_name(base)}, share of everything asked (95% interval), by the verdicts of {source}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("model", overflow="fold")
    table.add_column("rank")
    for name in shown:
        table.add_column(TITLES[name], justify="right")
    for row in ranks_of(found, base, "sound").iter_rows(named=True):
        cells = [by.get((row["model"], name)) for name in shown]
        table.add_row(
            Text(row["model"]),
            _rank(row).removeprefix("rank "),
            *(
                f"{words.percent(cell['value'])}\n{words.percent_interval(cell['low'], cell['high'])}" if cell else "–"
                for cell in cells
            ),
        )
    console.print(table)
    for sentence in glance(found):
        console.print(Text(sentence))


def _modes(found: Comparison) -> list[str]:
    base = found.facts["base"]
    return [base, *(mode for mode in found.facts["modes"] if mode != base)]


def _lead(found: Comparison, source: str) -> str:
    facts = found.facts
    asked = (
        f"{words.count(facts['answers'])} answers of {words.many(facts['models'], 'model')} to "
        f"{words.many(facts['tasks'], 'task')}. "
    )
    if facts["sources"] != [OURS]:
        asked += (
            f"Whether a program works and withstands attacks is the verdict of {source}, not Weighbridge’s; "
            "intervals and ties are Weighbridge’s. "
        )
    return f"{asked}Models are paired on tasks, and the task is the unit."


def _glance(found: Comparison, source: str) -> Section:
    works = found.facts.get("says_what_works", True)
    return section("compare/glance.html", "At a glance", sentences=glance(found), source=source, works=works)


def _standings(found: Comparison, source: str) -> Section:
    base = found.facts["base"]
    blocks: list[dict[str, Any]] = []
    for mode in _modes(found):
        rates = found.rates.filter(pl.col("mode") == mode)
        outcomes = [name for name in SHOWN if rates.filter(pl.col("outcome") == name).height]
        by = {(row["model"], row["outcome"]): row for row in rates.iter_rows(named=True)}
        ranks = ranks_of(found, mode, "sound").to_dicts()
        rows = [{**row, "cells": [by.get((row["model"], name)) for name in outcomes]} for row in ranks]
        missing = any(row["cells"][0]["missing"] for row in rows)
        blocks.append({"mode": mode, "outcomes": outcomes, "rows": rows, "missing": missing})
    drawn = pl.DataFrame(
        [
            {"row": row["model"], **{name: row["cells"][0][name] for name in ("value", "low", "high")},
             "word": None, "beside": _rank(row)}
            for row in blocks[0]["rows"]
        ],
        schema={"row": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "word": pl.String,
                "beside": pl.String},
    )  # fmt: skip
    said = "; ".join(f"{row['row']} {words.percent(row['value'])}, {row['beside']}" for row in drawn.to_dicts())
    chart = figures.figure(figures.ranges(drawn, "sound, % of everything asked"), f"Sound answers. {said}.")
    return section(
        "compare/standings.html", f"Standings, {mode_name(base)}", "Standings", blocks=blocks, titles=TITLES,
        chart=chart, source=source, base=base, rank=_rank,
    )  # fmt: skip


def _rank(row: dict[str, Any]) -> str:
    if row["rank_best"] == row["rank_worst"]:
        return f"rank {row['rank_best']}"
    return f"rank {row['rank_best']} to {row['rank_worst']}"


def _pairs(found: Comparison, source: str) -> Section | None:
    base = found.facts["base"]
    order = ranks_of(found, base, "sound")["model"].to_list()
    mine = found.pairs.filter((pl.col("mode") == base) & (pl.col("outcome") == "sound"))
    if len(order) < 2:
        return None
    cells: dict[tuple[str, str], dict[str, Any]] = {}
    for row in mine.iter_rows(named=True):
        cells[row["one"], row["other"]] = row
        turned = {WORSE: BETTER, BETTER: WORSE}.get(row["word"], row["word"])
        low, high = row["difference_high"], row["difference_low"]
        cells[row["other"], row["one"]] = {
            **row, "word": turned, "difference": _minus(row["difference"]), "difference_low": _minus(low),
            "difference_high": _minus(high),
        }  # fmt: skip
    rows = [
        {"model": one, "place": place, "cells": [cells.get((one, other)) for other in order]}
        for place, one in enumerate(order, start=1)
    ]
    stricter = mine.filter(pl.col("word").is_in([WORSE, BETTER]))
    kept = stricter.filter(pl.col("word_by_kind") == pl.col("word")).height
    return section(
        "compare/pairs.html", f"Every pair, {mode_name(base)}", "Pairs", rows=rows, models=order, source=source,
        margin=found.facts["margin"], told=stricter.height, pairs=mine.height, kept=kept, kinds=found.facts["kinds"],
        tasks=found.facts["tasks"],
    )  # fmt: skip


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def _asking(found: Comparison, source: str) -> Section | None:
    if not found.modes.height:
        return None
    base = found.facts["base"]
    charts: list[tuple[str, Markup]] = []
    for (mode,), group in found.modes.filter(pl.col("outcome") == "sound").group_by(["mode"], maintain_order=True):
        group = group.sort(pl.col("model") == ALL_MODELS, "difference", descending=[True, True])
        drawn = group.select(
            row="model", value="difference", low="difference_low", high="difference_high", word="word",
            beside=pl.col("word").map_elements(words.verdict_short, return_dtype=pl.String),
        )  # fmt: skip
        said = "; ".join(f"{row['row']} {words.points(row['value'])}, {row['beside']}" for row in drawn.to_dicts())
        drawing = figures.ranges(
            drawn, f"sound, points against {line(base, 40)}", signed=True, margin=float(found.facts["margin"])
        )
        charts.append(
            (str(mode), figures.figure(drawing, f"Mode {line(str(mode), 40)} against {line(base, 40)}: {said}."))
        )
    tables = [
        (outcome, group.sort("model", "mode").to_dicts())
        for outcome in SHOWN
        if (group := found.modes.filter(pl.col("outcome") == outcome)).height
    ]
    return section(
        "compare/asking.html", "Does another way of asking help?", "Ways of asking", charts=charts, tables=tables,
        base=base, titles=TITLES, source=source, margin=found.facts["margin"], everyone=ALL_MODELS,
    )  # fmt: skip


def _tasks(found: Comparison, source: str) -> Section:
    odd = [
        (mode, note, group["task"].to_list())
        for (mode, note), group in found.tasks.filter(pl.col("note") != "").group_by(
            ["mode", "note"], maintain_order=True
        )
    ]
    order = {mode: place for place, mode in enumerate(_modes(found))}
    tables = [(mode, found.tasks.filter(pl.col("mode") == mode).to_dicts()) for mode in order]
    return section(
        "compare/tasks.html", "Which tasks can tell anything?", "Tasks", tables=tables, notes=NOTES,
        odd=sorted(odd, key=lambda row: (order[row[0]], row[1])), source=source, short=SHORT, modes=len(order),
    )  # fmt: skip


def _named(cwe: int | None) -> str:
    if cwe is None:
        return ALL_FLAWS
    name = cwe_names().get(cwe, "")
    return f"CWE-{cwe}" + (f", {name}" if name else "")


def _sight(found: Comparison, source: str) -> Section:
    """A table a language: a row a flaw, a column a tool."""
    languages: list[dict[str, Any]] = []
    for (language,), group in found.sight.group_by(["language"], maintain_order=True):
        tools = [tool for tool in group["tool"].unique().sort() if tool != PANEL]
        tools += [PANEL] if len(tools) > 1 else []
        rows: list[dict[str, Any]] = []
        for (says, cwe), mine in group.group_by(["says", "cwe"], maintain_order=True):
            cells = {row["tool"]: row for row in mine.iter_rows(named=True)}
            named = _named(cwe) if says == NAMED else str(says)
            shown = cells.get(PANEL) or next(iter(cells.values()))
            rows.append(
                {"named": named, "cells": [cells.get(tool) for tool in tools], "whole": shown, "last": cwe is None}
            )
        rows.sort(key=lambda row: (row["last"], row["named"] != ALL_FLAWS, row["named"]))
        languages.append(
            {"name": LANGUAGES.get(str(language), line(str(language), 30).capitalize()), "tools": tools, "rows": rows}
        )
    return section(
        "compare/sight.html", "What the tools see", "Tools", languages=languages, source=source,
        tools=found.facts["tools"], absent=found.facts["absent"], no_tool=found.facts["no_tool"],
    )  # fmt: skip


def _stealth(found: Comparison, source: str) -> Section | None:
    if not found.stealth.height:
        return None
    base = found.facts["base"]
    mine = found.stealth.filter(pl.col("mode") == base)
    by_model = mine.filter(pl.col("cwe").is_null()).sort(pl.col("model").is_null(), "joint", descending=[True, False])
    by_flaw = mine.filter(pl.col("model").is_null() & pl.col("cwe").is_not_null())
    both = mine.filter(pl.col("model").is_not_null() & pl.col("cwe").is_not_null() & (pl.col("exploited") > 0))
    told = found.pairs.filter((pl.col("outcome") == "unseen") & (pl.col("mode") == base))
    return section(
        "compare/stealth.html", "Exploitable and unseen", "Unseen", base=base, source=source, named=_named,
        by_model=by_model.to_dicts(), by_flaw=by_flaw.to_dicts(), both=both.sort("cwe", "model").to_dicts(),
        pairs=told.height, apart=told.filter(pl.col("word").is_in([WORSE, BETTER])).height,
        tools=found.facts["tools"], everyone=ALL_MODELS,
    )  # fmt: skip


def _reviewers(found: Comparison, source: str) -> Section | None:
    if not found.reviewers.height:
        return None
    rows = [{**row, "named": _named(row["cwe"])} for row in found.reviewers.to_dicts()]
    return section(
        "compare/reviewers.html", "A model as reviewer", "Reviewers", source=source,
        overall=[row for row in rows if row["cwe"] is None], by_flaw=[row for row in rows if row["cwe"] is not None],
    )  # fmt: skip


def _lengths(found: Comparison) -> Section | None:
    base = found.facts["base"]
    rates = found.rates.filter((pl.col("mode") == base) & pl.col("outcome").is_in(list(LENGTHS)))
    outcomes = [name for name in LENGTHS if rates.filter(pl.col("outcome") == name).height]
    if not outcomes:
        return None
    by = {(row["model"], row["outcome"]): row for row in rates.iter_rows(named=True)}
    order = sorted({row["model"] for row in rates.iter_rows(named=True)})
    rows = [{"model": model, "cells": [by.get((model, name)) for name in outcomes]} for model in order]
    return section(
        "compare/lengths.html", "How long the programs are", "Lengths", rows=rows, outcomes=outcomes, titles=TITLES,
        base=base,
    )  # fmt: skip


def _basis(found: Comparison, run: Run, source: str, base: str) -> Section:
    facts = read_collection(run.folder) if is_collection(run.folder) else {}
    return section(
        "compare/basis.html", "What it rests on", "Basis", facts=found.facts, imported=facts, source=source,
        folder=shlex.quote(str(run.folder)), counts=_counts(facts.get("counts", {})),
        certificate=certificate(run.folder), base=shlex.quote(base),
    )  # fmt: skip


def _counts(counts: dict[str, int]) -> Iterable[tuple[str, int]]:
    return [(name, number) for name, number in counts.items() if number]
