"""``weighbridge inventory``: which models a source tree, an unpacked image or a fleet of repositories is built on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighbridge.cli.catalog import Extra
from weighbridge.cli.options import AsJson, err, out, print_json

if TYPE_CHECKING:
    from weighbridge.inventory.fleet import Share
    from weighbridge.inventory.policy import Breach
    from weighbridge.inventory.survey import Survey

BREACHED = 20
"""Exit code where the policy is breached: none of the codes of ``weighbridge.errors``."""


_HELP = """
Which models a source tree, an unpacked container image or a fleet of repositories is built on.

Counted is what the code, its configuration and its weights files use: model ids, endpoints, weights, each with file,
line, evidence and how sure. Prose, comments, docs, tests, vendored packages and menus of models are not counted
(`--hints` shows them). Nothing is run, no link is followed, nothing is sent anywhere.
"""
_EXAMPLES = f"""
**Examples**

`weighbridge inventory .` – models, hosts and weights of this repository

`weighbridge inventory . --json | jq '.hits[] | select(.counted) | [.file, .line, .name, .origin]'`

`weighbridge inventory . --policy policy.toml --sarif out.sarif` – in CI: exit code {BREACHED} on a breach

`weighbridge inventory . --policy policy.toml --write-baseline accepted.json` – accept what is there today

`docker export $(docker create IMAGE) | tar -x -C image && weighbridge inventory image --bom ml-bom.json`

`weighbridge inventory repositories/ --fleet` – the share of repositories built on each origin, with its interval

A policy is TOML: `[models] not_from = ["CN"]`, `only_licences = ["MIT"]`; `[hosts] only = ["azure"]`.
Exit codes: 0 no breach, {BREACHED} breach, 10 a path, policy or baseline that cannot be used.
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(help=_HELP, epilog=_EXAMPLES)(inventory)


def inventory(
    paths: Annotated[list[Path], typer.Argument(help="Trees or files; each is a repository.", metavar="PATH…")],
    fleet: Annotated[
        bool, typer.Option("--fleet", help="Shares over repositories; each folder of one PATH is one.")
    ] = False,
    policy: Annotated[
        Path | None, typer.Option("--policy", help=f"Rules in TOML; a breach exits with {BREACHED}.")
    ] = None,
    baseline: Annotated[Path | None, typer.Option("--baseline", help="Breaches that are known and accepted.")] = None,
    write_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", help="Accept today's breaches: write them here.")
    ] = None,
    sarif: Annotated[Path | None, typer.Option("--sarif", help="Write SARIF 2.1.0 here.")] = None,
    bom: Annotated[Path | None, typer.Option("--bom", help="Write a CycloneDX ML-BOM (JSON, 1.6) here.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Read vendored folders and count tests, docs and lock files too.")
    ] = False,
    hints: Annotated[
        bool, typer.Option("--hints", help="Show hints and what is not counted, too (JSON has all).")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes that read; all cores by default.", min=1)
    ] = None,
    catalogue: Extra = None,
    as_json: AsJson = False,
) -> None:
    """Surveys the trees, prints and writes what was asked for, and exits with its own code on a breach."""
    import json

    from weighbridge import catalog
    from weighbridge.errors import DataError
    from weighbridge.inventory import policy as policies
    from weighbridge.inventory.fleet import shares
    from weighbridge.inventory.survey import survey

    if (baseline or write_baseline) and policy is None:
        raise DataError("--baseline and --write-baseline are about breaches of a policy; name one with --policy")
    book = catalog.load(catalogue)
    rules = policies.read(policy, book) if policy else None
    accepted = policies.read_baseline(baseline) if baseline else frozenset[str]()
    for target in (sarif, bom, write_baseline):
        if target is not None and not target.resolve().parent.is_dir():
            raise DataError(f"{target}: its folder does not exist; make it first")
    with err().status("reading files") as status:
        found = survey(
            paths,
            book,
            fleet=fleet,
            everything=everything,
            workers=workers,
            progress=lambda files: status.update(f"{files:,} files read"),
        )
    breaches = policies.breaches(found.hits, rules, book, accepted) if rules else []
    share = shares(found.repositories, found.hits) if fleet else []
    many = len(found.repositories) > 1
    if sarif:
        from weighbridge.inventory.sarif import document

        _write(sarif, json.dumps(document(found.hits, breaches, many=many), ensure_ascii=False, indent=1))
    if bom:
        from weighbridge.inventory.bom import document as bom_document

        _write(bom, bom_document(", ".join(found.repositories)[:200], found.hits, book, many=many))
    if as_json:
        print_json(_facts(found, breaches, share))
    else:
        _print(found, breaches, share, hints=hints, many=many)
    if write_baseline:
        count = policies.write_baseline(write_baseline, breaches)
        err().print(f"baseline: {count} breaches accepted in {write_baseline}", highlight=False, markup=False)
        return
    if any(breach.decided and not breach.accepted for breach in breaches):
        raise typer.Exit(BREACHED)


def _write(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_text(text + "\n", "utf-8")
    beside.replace(path)
    err().print(f"written: {path}", highlight=False, markup=False)


def _facts(found: Survey, breaches: list[Breach], share: list[Share]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "repositories": found.repositories,
        "files_read": found.files,
        "hits": [asdict(hit) for hit in found.hits],
        "breaches": [
            {
                "rule": breach.rule,
                "repository": breach.hit.repository,
                "file": breach.hit.file,
                "line": breach.hit.line,
                "name": breach.hit.name,
                "why": breach.why,
                "decided": breach.decided,
                "accepted": breach.accepted,
                "fingerprint": breach.fingerprint,
            }
            for breach in breaches
        ],
        "fleet": [asdict(row) for row in share],
        "not_read": found.remarks.as_rows(),
    }  # fmt: skip


def _print(found: Survey, breaches: list[Breach], share: list[Share], *, hints: bool, many: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = out()
    rows = found.hits if hints else found.counted
    table = Table()
    for name in (
        *(["repository"] if many else []),
        "file",
        "kind",
        "name",
        "maker",
        "origin",
        "licence",
        "host",
        "sure",
        "evidence",
    ):
        table.add_column(name, overflow="fold")
    for hit in rows:
        where = f"{hit.file}:{hit.line}" if hit.line else hit.file
        maker = (
            f"{hit.maker_name} ({hit.country or '?'})"
            if hit.maker_name
            else f"on {hit.derived_from}"
            if hit.derived_from
            else "–"
        )
        host = f"{hit.host} ({hit.host_country or '?'})" if hit.host else "–"
        sure = (
            hit.sure if hit.counted else f"{hit.sure}, not counted" + (f" ({hit.place})" if hit.place != "code" else "")
        )
        origin = hit.origin if hit.kind in ("model", "weights") else "–"
        cells = (hit.repository, where) if many else (where,)
        table.add_row(
            *(
                escape(cell)
                for cell in (*cells, hit.kind, hit.name, maker, origin, hit.licence or "–", host, sure, hit.evidence)
            )
        )
    if rows:
        console.print(table)
    models = {hit.name for hit in found.counted if hit.kind in ("model", "weights")}
    left = len(found.hits) - len(found.counted)
    console.print(
        f"models: {len(models)}; counted places: {len(found.counted)}, of {found.files:,} files read; "
        f"hints and places not counted: {left}" + ("" if hints else " (--hints shows them)"),
        highlight=False,
    )
    if share:
        table = Table(
            "built on", "repositories", "of", "share", "at most", "95 % interval", title="fleet", title_justify="left"
        )
        for row in share:
            numbers = [
                "–" if value is None else f"{value:.1%}" for value in (row.share, row.share_at_most, row.low, row.high)
            ]
            table.add_row(
                row.name, str(row.repositories), str(row.of), numbers[0], numbers[1], f"{numbers[2]} to {numbers[3]}"
            )
        console.print(table)
    for breach in breaches:
        style, word = (
            ("dim", "accepted")
            if breach.accepted
            else ("bold red", "breach")
            if breach.decided
            else ("yellow", "undecided")
        )
        where = f"{breach.hit.file}:{breach.hit.line}"
        console.print(f"[{style}]{word}[/] {escape(f'{breach.rule}: {where}: {breach.why}')}", highlight=False)
    for row in found.remarks.as_rows():
        first = ", ".join(row["first"][:3]) + (" …" if len(row["first"]) > 3 else "")
        err().print(f"{row['count']} {row['reason']}" + (f": {first}" if first else ""), markup=False, highlight=False)
