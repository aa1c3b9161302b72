"""Which side does each model stand on?

The step between reading and comparing: asks the catalogue who made each model and whether its weights were open that
day, and puts each row on one of the two sides that are compared, on neither, or among the unknown. The file's own
column for the maker is asked where the catalogue knows no such model, and where both speak and differ that is said.
"""

from collections.abc import Mapping

import polars as pl

from weighbridge.catalog import ORIGINS, Catalog
from weighbridge.errors import UnknownName
from weighbridge.gap.ratings import Ratings, Remark

DEFAULT = ("US", "CN")


def pair(text: str) -> tuple[str, str]:
    """The two sides named in ``--between``: two of a country code, open, closed, an origin class, or rest.

    ``rest`` is everything known that is not on the other side. Raises ``UnknownName``.
    """
    names = [piece.strip() for piece in text.split(",")]
    allowed = {"open", "closed", "rest", *(origin for origin in ORIGINS if origin != "unknown")}
    tidy = [name.casefold() if name.casefold() in allowed else name.upper() for name in names]
    wrong = [name for name in tidy if name not in allowed and not (len(name) == 2 and name.isalpha())]
    if len(tidy) != 2 or wrong or tidy[0] == tidy[1] or tidy == ["rest", "rest"]:
        raise UnknownName(
            f"--between '{text}': give two different sides with a comma, each a country code (US, CN, FR …) or one of "
            f"{', '.join(sorted(allowed))}"
        )
    return tidy[0], tidy[1]


def place(ratings: Ratings, sides: tuple[str, str], catalog: Catalog) -> tuple[pl.DataFrame, list[Remark]]:
    """The ratings with their sides, and what is not known.

    Adds ``id`` (the catalogue's model), ``country``, ``open``, ``released`` and ``side`` (one of ``sides``, "neither"
    or "unknown") to the frame of ``ratings``.
    """
    frame = ratings.frame
    # A release is judged by what is open now: publishers date it some days before or after the weights.
    days = None if ratings.kind == "releases" else frame["date"]
    found = catalog.match(frame["model"], days)
    released = {name: model.released for name, model in catalog.models.items()}
    placed = frame.with_columns(
        found["model"].alias("id"), found["maker"], found["country"], found["open"],
        found["model"].replace_strict(released, default=None, return_dtype=pl.Date).alias("released"),
    )  # fmt: skip
    makers = _makers_said(placed, catalog)
    placed = placed.with_columns(
        pl.col("maker_said").replace_strict(makers, default=None, return_dtype=pl.String).alias("maker_of_file")
    )
    remarks = _disagreements(placed)
    countries = {maker: catalog.makers[maker].country for maker in catalog.makers}
    by_file = pl.col("maker_of_file").replace_strict(countries, default=None, return_dtype=pl.String)
    closed_said = pl.col("licence_said").str.to_lowercase().str.contains("^(propr|closed)").fill_null(False)
    placed = placed.with_columns(
        pl.col("country").fill_null(by_file).alias("country"),
        pl.when(pl.col("open").is_null() & closed_said).then(False).otherwise(pl.col("open")).alias("open"),
    )
    helped = (
        placed.filter(pl.col("maker").is_null() & pl.col("country").is_not_null())["model"].unique().sort().to_list()
    )
    if helped:
        text = f"{len(helped)} models are not in the catalogue; their country is taken from the file's maker: "
        text += ", ".join(helped[:8])
        remarks.append(Remark("maker-from-file", text, False, None, len(helped)))
    return placed.with_columns(_side(sides)), remarks


def _side(sides: tuple[str, str]) -> pl.Expr:
    conditions: Mapping[str, pl.Expr] = {side: _on_side(side, other) for side, other in (sides, sides[::-1])}
    unknown = pl.any_horizontal(condition.is_null() for condition in conditions.values())
    first, second = sides
    return (
        pl.when(conditions[first].fill_null(False)).then(pl.lit(first))
        .when(conditions[second].fill_null(False)).then(pl.lit(second))
        .when(unknown).then(pl.lit("unknown")).otherwise(pl.lit("neither")).alias("side")
    )  # fmt: skip


def _on_side(side: str, other: str) -> pl.Expr:
    chinese, is_open = pl.col("country") == "CN", pl.col("open")
    match side:
        case "open":
            return is_open
        case "closed":
            return ~is_open
        case "open_cn":
            return chinese & is_open
        case "open_other":
            return ~chinese & is_open
        case "proprietary_cn":
            return chinese & ~is_open
        case "proprietary_other":
            return ~chinese & ~is_open
        case "rest":
            return ~_on_side(other, side)
        case _:
            return pl.col("country") == side


def _makers_said(placed: pl.DataFrame, catalog: Catalog) -> dict[str, str | None]:
    said = placed["maker_said"].drop_nulls().unique().to_list()
    # Epoch names several makers with commas, the first is the lead.
    return {name: catalog.maker_named(name) or catalog.maker_named(name.split(",")[0]) for name in said}


def _disagreements(placed: pl.DataFrame) -> list[Remark]:
    odd = placed.filter(
        pl.col("maker_of_file").is_not_null()
        & pl.col("maker").is_not_null()
        & (pl.col("maker_of_file") != pl.col("maker"))
    ).unique(["model", "maker_said"])
    if odd.is_empty():
        return []
    shown = ", ".join(
        f"{model} ({said} in the file, {maker} here)"
        for model, said, maker in odd.sort("model").select("model", "maker_said", "maker").head(6).iter_rows()
    )  # fmt: skip
    return [
        Remark(
            "maker-differs",
            f"{len(odd)} models have another maker in the file than in the catalogue: {shown}",
            False,
            None,
            len(odd),
        )
    ]
