"""How often is the inventory right? Precision and recall over the labelled corpus: ``python -m
tests.inventory.labelled``."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from weighbridge import catalog
from weighbridge.catalog import Catalog
from weighbridge.inventory.hits import Hit
from weighbridge.inventory.survey import survey
from weighbridge.stats.rates import wilson

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Case:
    table: str
    number: int
    file: str
    text: str
    uses: tuple[str, ...]
    hard: bool
    why: str


@dataclass(frozen=True)
class Outcome:
    case: Case
    missed: frozenset[str]
    wrong: frozenset[str]
    right: int


def cases() -> list[Case]:
    return [
        Case(
            path.stem, number, row["file"], row["text"], tuple(row["uses"]), row.get("hard", False), row.get("why", "")
        )
        for path in sorted(CORPUS.glob("*.toml"))
        for number, row in enumerate(tomllib.loads(path.read_text("utf-8"))["cases"], 1)
    ]


def label(text: str, book: Catalog) -> str:
    """A label as the inventory would call it: the catalogue's id where there is one."""
    match = None if text.startswith("host:") else book.find(text)
    return (match.model if match and match.model else text).casefold().rsplit("/", 1)[-1]


def said(hit: Hit) -> set[str]:
    names = {hit.name.casefold().rsplit("/", 1)[-1]} if hit.kind != "host" else set()
    # A maker's own prefix (anthropic/…) is no endpoint; a router's or a host's is.
    return names | ({f"host:{hit.host}"} if hit.host else set())


def outcomes(book: Catalog) -> list[Outcome]:
    found: list[Outcome] = []
    every = cases()
    with tempfile.TemporaryDirectory() as folder:
        roots = []
        for number, case in enumerate(every):
            root = Path(folder) / f"{number:03}"
            (root / case.file).parent.mkdir(parents=True, exist_ok=True)
            (root / case.file).write_text(case.text, "utf-8")
            roots.append(root)
        result = survey(roots, book, workers=1)
    by_case: dict[str, set[str]] = {}
    for hit in result.counted:
        by_case.setdefault(hit.repository, set()).update(said(hit))
    for number, case in enumerate(every):
        want = {label(use, book) for use in case.uses}
        have = by_case.get(f"{number:03}", set())
        found.append(Outcome(case, frozenset(want - have), frozenset(have - want), len(want & have)))
    return found


def main() -> None:
    results = outcomes(catalog.load())
    for name, chosen in (("all", results), ("without the hard ones", [r for r in results if not r.case.hard])):
        right = sum(r.right for r in chosen)
        wrong, missed = sum(len(r.wrong) for r in chosen), sum(len(r.missed) for r in chosen)
        for what, of in (("precision", right + wrong), ("recall", right + missed)):
            low, high = wilson(right / of, of)
            print(f"{name}: {len(chosen)} cases, {what} {right}/{of} = {right / of:.1%} [{low:.1%}, {high:.1%}]")
    print(
        f"hard cases: {sum(r.case.hard for r in results)}, of which now right: "
        f"{sum(r.case.hard and not r.missed and not r.wrong for r in results)}"
    )
    for r in results:
        if (r.missed or r.wrong) and (not r.case.hard or "-v" in sys.argv):
            mark = "HARD " if r.case.hard else ""
            print(f"{r.case.table}:{r.case.number} {mark}{r.case.file} {r.case.text[:90]!r}")
            print(f"    missed {sorted(r.missed)}, wrong {sorted(r.wrong)}")


if __name__ == "__main__":
    main()
