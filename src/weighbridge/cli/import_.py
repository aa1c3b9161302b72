"""``weighbridge import``: answers that others collected, into a planned run or as a collection of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighbridge.audit.collect.fields import FIELDS, PLANNED_ONLY
from weighbridge.cli.options import AsJson, RunFolder, err, out, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.audit.collect.keep import Draft, Opened
    from weighbridge.audit.collect.mapping import Request


def _listed(names: Sequence[str]) -> str:
    return "\n\n".join(f"- **{name}** {FIELDS[name]}" for name in names)


HELP = f"""Take answers that others collected, with their verdicts where they have them.

FILE is Parquet, JSON lines (also .gz, .zst), CSV or an Inspect .eval log, or a folder of them; several combine.

**Into what.** Where --run is a planned run, answers to its tasks become its answers: then `judge`, `scan`, `estimate`,
`report`. Any other folder becomes a *collection*: then `scan` and `compare`. Verdicts in the files stay their source's
and are never mixed with ours.

**Which column is what.** SecCodeBench's layout is known. A column named like a field needs nothing said; others are
named with `--map field=column`, or in a TOML file for `--mapping`, which can also say what words mean. An empty column
leaves a field out: `--map secure=`. Look first with `--dry-run`.

Fields of a row:

{_listed([name for name in FIELDS if name not in PLANNED_ONLY])}

and for planned runs: {", ".join(PLANNED_ONLY)}; a row finds its trial by `trial`, or by `model`, `system` and `user`.

Examples:

- `weighbridge import seccodebench.parquet --run runs/answers`

- `weighbridge import log.jsonl --run runs/log --map task=case_id --map secure=ok --source "our red team"`

- `weighbridge import answers.jsonl --run runs/planned`   (columns model, system, user, completion)
"""
SHOWN = 3


def register(app: typer.Typer) -> None:
    @app.command("import", help=HELP)
    def import_(
        files: Annotated[list[Path], typer.Argument(help="Files of answers, or folders of them.", metavar="FILE…")],
        run: RunFolder,
        fields: Annotated[
            list[str] | None, typer.Option("--map", help="field=column; repeatable.", metavar="FIELD=COLUMN")
        ] = None,
        mapping: Annotated[Path | None, typer.Option("--mapping", help="Fields, words and facts in TOML.")] = None,
        source: Annotated[str, typer.Option("--source", help="Whose verdicts they are; shown with each.")] = "",
        licence: Annotated[str, typer.Option("--licence", help="The answers' licence, to be shown.")] = "",
        date: Annotated[str, typer.Option("--date", help="The answers' date, to be shown.")] = "",
        largest: Annotated[
            int, typer.Option("--largest", help="Bytes of the largest text whose program is kept.", min=1)
        ] = 1_000_000,
        skip_bad_rows: Annotated[
            bool, typer.Option("--skip-bad-rows", help="Leave unreadable rows out and count them.")
        ] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be read; write nothing.")] = False,
        json: AsJson = False,
    ) -> None:
        from weighbridge.audit.collect.mapping import Request, pairs
        from weighbridge.errors import DataError

        if run.exists() and not run.is_dir():
            raise DataError(f"{run}: is a file; --run names a folder")
        asked = Request(pairs(fields or []), mapping, source, licence, date)
        if (run / "plan.json").is_file():
            take_answers(files, run, asked, dry_run=dry_run, json=json)
            return
        from weighbridge.audit.collect.keep import understand

        opened = understand(files, asked, largest=largest, skip_bad_rows=skip_bad_rows)
        collect(opened, run, dry_run=dry_run, json=json)


def take_answers(
    files: Sequence[Path], folder: Path, asked: Request, *, dry_run: bool = False, json: bool = False
) -> None:
    """Answers into a planned run, and what they came to. Also the command ``eval-log import``."""
    from weighbridge.audit.collect.planned import is_taken, take
    from weighbridge.audit.plan import thaw
    from weighbridge.report.hostile import line

    _, run = thaw(folder)
    if is_taken(files, run) and not dry_run:
        err().print(f"{folder}: these answers are imported already; nothing to do", soft_wrap=True)
        return
    with run.alone():
        taken = take(files, run, asked, dry_run=dry_run)
    counts = taken.adopted
    err().print(
        f"{counts.taken} answers {'would be ' if dry_run else ''}taken, {counts.strangers} belong to no trial of this "
        f"run, {counts.missing} trials are still without an answer",
        soft_wrap=True,
    )
    states = ", ".join(f"{count} {state}" for state, count in taken.states.items())
    err().print(f"states: {states}", highlight=False, soft_wrap=True)
    if taken.left_out:
        err().print(
            f"left out, since a planned run's verdicts are its own judge's: {line(', '.join(taken.left_out))}",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    if json:
        print_json(
            {"taken": counts.taken, "strangers": counts.strangers, "missing": counts.missing, "states": taken.states}
        )
    elif not dry_run:
        out().print(f"next: weighbridge judge --run {folder}", soft_wrap=True, highlight=False, markup=False)


def collect(opened: Opened, folder: Path, *, dry_run: bool, json: bool) -> None:
    """Read the files, write the collection, and say what became of every row."""
    from weighbridge.audit.collect.keep import draft, is_kept, keep
    from weighbridge.cli.progress import Bars
    from weighbridge.store.tables import Run, read_collection

    if is_kept(folder, opened.hash) and not dry_run:
        facts = read_collection(folder)
        err().print(f"{folder}: these {facts['rows']} rows are imported already; nothing to do", soft_wrap=True)
        _say(facts, folder, json)
        return
    with Bars() as bars:
        made = draft(opened, on_progress=lambda files, of, rows: bars.show("files read", files, of, f"{rows} rows"))
    if dry_run:
        if json:
            print_json({**made.facts, "first_rows": made.collected.head(SHOWN).to_dicts()})
            return
        _show_mapping(opened, made)
        _say(made.facts, None, False)
        return
    with Run(folder, opened.hash).alone():
        keep(made, folder)
    _say(made.facts, folder, json)


def _say(facts: Mapping[str, Any], folder: Path | None, json: bool) -> None:
    """What became of every row; to people, or as JSON."""
    if json:
        print_json(facts)
        return
    from weighbridge.report.hostile import line
    from weighbridge.report.words import many

    def say(text: str) -> None:
        out().print(text, markup=False, highlight=False, soft_wrap=True)

    def listed(counts: Mapping[str, int], most: int = 20) -> str:
        shown = ", ".join(f"{count:,} {line(name, 80)}" for name, count in list(counts.items())[:most])
        return shown + (f" and {len(counts) - most} more" if len(counts) > most else "")

    counts = facts["counts"]
    without = {name: counts[name] for name in ("empty", "no program", "not text", "too large")}
    names = ", ".join(line(file["name"], 80) for file in facts["files"][:5])
    layout = f" (layout {line(facts['layout'])})" if facts["layout"] else ""
    given = {name: count for name, count in facts["verdicts"].items() if name != "none"}
    lacking = facts["verdicts"].get("none", 0)
    say(f"{many(facts['rows'], 'row')} of {names}{layout}")
    rules = listed({name.lstrip("0123456789 "): count for name, count in facts["extraction"].items()})
    say(f"  with a program  {counts['program']:,} ({facts['programs']:,} distinct): {rules or 'none'}")
    say(f"  without         {listed(without)}")
    say(f"  dropped         {counts['duplicate']:,} duplicates, {counts['unreadable']:,} unreadable")
    if given:
        without = f", {lacking:,} without one" if lacking else ""
        say(f"  verdicts        {listed(given)}{without}; they are {line(facts['source'])}'s, not Weighbridge's")
    else:
        say("  verdicts        none: `compare` has nothing to compare until there are some")
    say(f"  models          {len(facts['models']):,}: {listed(facts['models'])}")
    say(f"  tasks           {facts['tasks']:,} in {many(facts['clusters'], 'cluster')}")
    say(f"  languages       {listed({name or 'not known': count for name, count in facts['languages'].items()})}")
    say(f"  modes           {listed({name or 'not named': count for name, count in facts['modes'].items()})}")
    for file in facts["files"]:
        if file["unused_columns"]:
            say(f"  not read        of {line(file['name'], 80)}: {line(', '.join(file['unused_columns']), 300)}")
    for note in facts["notes"]:
        say(f"  note: {line(note)}")
    for reason, count in list(facts["unreadable"].items())[:10]:
        say(f"  unreadable: {count:,} × {line(reason, 300)}")
    if folder is not None:
        then = f"\n      weighbridge compare --run {folder}" if given else ""
        say(f"next: weighbridge scan --run {folder}{then}")


def _show_mapping(opened: Opened, made: Draft) -> None:
    """Which column is which field, and what the first rows became."""
    from rich.markup import escape
    from rich.table import Table

    from weighbridge.report.hostile import line

    mapping = opened.mapping
    table = Table(title="what would be read", title_justify="left")
    for heading in ("field", "column", *(f"row {row}" for row in made.collected["row"].head(SHOWN))):
        table.add_column(heading, overflow="fold")
    rows = made.collected.head(SHOWN).to_dicts()
    for name in made.collected.columns:
        if name in {"answer", "row"}:
            continue
        fixed = mapping.layout.fixed.get(name)
        column = mapping.fields.get(name) or (f"(always {fixed})" if fixed else "")
        cells = ("–" if row[name] is None else line(str(row[name]), 24 if name == "program" else 80) for row in rows)
        table.add_row(name, escape(line(column)), *map(escape, cells))
    out().print(table)
