"""How often are the weights of a family fetched? Snapshots of Hugging Face's counts, taken and kept by the tool itself.

The hub gives a number of the last 30 days and one of all time, and no history: growth is what lies between two of our
own snapshots. Originals, quantisations, adapters, fine-tunes and merges are told apart by their ``base_model`` tags.
A download is a request (GET or HEAD) for one of the few files by which the hub counts a library's use: a build server
that fetches anew every night counts each time, a mirror or a copy once or never. It is no user and no deployment.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge.adoption.usage import Remark
from weighbridge.catalog import Catalog
from weighbridge.errors import DataError, EndpointDown, UnknownName
from weighbridge.store.tables import write_beside

KINDS = ("original", "quantized", "adapter", "finetune", "merge", "unlabelled")
SCHEMA = {"taken": pl.Datetime("us", "UTC"), "family": pl.String, "repo": pl.String, "kind": pl.String,
          "base": pl.String, "last_30_days": pl.Int64, "all_time": pl.Int64}  # fmt: skip
WHAT_IT_COUNTS = (
    "A download is a GET or HEAD of a file that the hub counts by: build servers count each time, mirrors not at all. "
    "Neither users nor deployments. Only repositories that the hub's search finds by the family's name are seen."
)


@dataclass(frozen=True)
class Members:
    """Whose repositories a family's name means: its ids in the catalogue and its maker."""

    word: str
    ids: frozenset[str]
    maker: str


def members(word: str, book: Catalog) -> Members:
    """The catalogue's families of that name (``qwen`` means qwen and qwen-…); an unknown name is an error."""
    name = word.casefold()
    ids = frozenset(one for one in book.families if one == name or one.startswith(name + "-"))
    makers = {book.families[one].maker for one in ids} - {None}
    if not ids or len(makers) != 1:
        near = sorted(one for one in book.families if one.startswith(name[:3]))[:8]
        raise UnknownName(
            f"no one maker has a family '{word}' in the catalogue; similar are {', '.join(near) or 'none'}"
        )
    return Members(name, ids, str(next(iter(makers))))


def take(word: str, book: Catalog, folder: Path, *, hub: str | None = None) -> tuple[Path, list[Remark]]:
    """Ask the hub and write one snapshot; nothing is written where the answer breaks off or is empty."""
    from huggingface_hub import HfApi

    mine = members(word, book)
    taken = datetime.now(UTC).replace(microsecond=0)
    rows: list[dict[str, Any]] = []
    alike, untold = 0, 0
    try:
        found = HfApi(endpoint=hub).list_models(search=mine.word, expand=["downloads", "downloadsAllTime", "tags"])
        for info in found:
            kind, base = kind_of(info.id, list(info.tags or []), mine, book)
            if kind is None:
                alike += 1
                continue
            untold += info.downloads_all_time is None
            rows.append({"taken": taken, "family": mine.word, "repo": info.id, "kind": kind, "base": base,
                         "last_30_days": info.downloads, "all_time": info.downloads_all_time})  # fmt: skip
    except Exception as error:
        why = f"{type(error).__name__}: {(str(error) or 'no words').splitlines()[0][:160]}"
        text = f"the hub could not be asked for '{word}' ({why}); no snapshot was written, try again later"
        raise EndpointDown(text) from None
    if not rows:
        raise DataError(f"the hub knows no repository of '{word}': an empty answer is not kept as a snapshot")
    remarks: list[Remark] = []
    if alike:
        text = (
            f"{word}: {alike:,} repositories only named alike are left out (the catalogue knows them as others or not)"
        )
        remarks.append(Remark("alike", text, False))
    if untold:
        remarks.append(Remark("untold", f"{word}: {untold:,} repositories came without an all-time count: a floor"))
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{mine.word}-{taken:%Y%m%dT%H%M%SZ}.parquet"
    written = io.BytesIO()
    pl.DataFrame(rows, schema=SCHEMA).unique("repo", keep="last").sort("repo").write_parquet(written)
    write_beside(target, written.getvalue())
    return target, remarks


def kind_of(repo: str, tags: list[str], mine: Members, book: Catalog) -> tuple[str | None, str | None]:
    """What a repository is to the family, and its base; (None, None) where it is only named alike."""
    bases = [tag.split(":", 1)[1] for tag in tags if tag.startswith("base_model:")]
    named = [base.split(":", 1) for base in bases if ":" in base]
    match = book.find(repo)
    namespace = repo.split("/", 1)[0] if "/" in repo else ""
    official = bool(namespace) and book.maker_named(namespace) == mine.maker
    of_family = match is not None and (match.family in mine.ids or match.derived_from in mine.ids)
    for kind, base in named:
        upper = book.find(base)
        if upper is not None and (upper.family in mine.ids or upper.derived_from in mine.ids):
            # A maker quantises its own models too: still a quantisation, but a tune of its own base is an original.
            own = official and kind in {"finetune", "merge"}
            return ("original" if own else kind if kind in KINDS else "unlabelled"), base
    if not of_family:
        return None, None
    return ("original" if official else "unlabelled"), None


def snapshots(word: str, folder: Path) -> pl.DataFrame:
    """Every snapshot of a family in the folder, oldest first."""
    tables: list[pl.DataFrame] = []
    for path in sorted(folder.glob(f"{word.casefold()}-*Z.parquet")):
        try:
            table = pl.read_parquet(path)
        except Exception:
            raise DataError(f"{path}: this snapshot cannot be read; move it away to go on without it") from None
        if dict(table.schema) != SCHEMA:
            raise DataError(f"{path}: not a snapshot of ours (columns {', '.join(table.columns)}); move it away")
        tables.append(table.filter(pl.col("family") == word.casefold()))
    return pl.concat(tables) if tables else pl.DataFrame(schema=SCHEMA)


def growth(kept: pl.DataFrame) -> pl.DataFrame:
    """One row a snapshot and kind: family, taken, kind, repos, last_30_days, all_time, days, grown, new, gone, fallen.

    ``grown`` is the rise of the all-time counts of repositories that stand in this snapshot and the one before; null in
    the first, where there is none. ``new`` and ``gone`` are repositories; ``fallen`` are counts that went down, which
    an all-time count can only do when the hub restated it.
    """
    rows: list[dict[str, Any]] = []
    times = kept["taken"].unique().sort().to_list()
    for number, taken in enumerate(times):
        now = kept.filter(pl.col("taken") == taken)
        before = kept.filter(pl.col("taken") == times[number - 1]) if number else None
        for kind in KINDS:
            mine = now.filter(pl.col("kind") == kind)
            row: dict[str, Any] = {
                "family": now["family"][0], "taken": taken, "kind": kind, "repos": mine.height,
                "last_30_days": mine["last_30_days"].sum(), "all_time": mine["all_time"].sum(), "days": None,
                "grown": None, "new": None, "gone": None, "fallen": None,
            }  # fmt: skip
            if before is not None:
                then = before.filter(pl.col("kind") == kind)
                both = mine.join(then, on="repo", suffix="_then").with_columns(
                    rise=pl.col("all_time") - pl.col("all_time_then")
                )
                row |= {"days": (taken - times[number - 1]).total_seconds() / 86400, "grown": both["rise"].sum(),
                        "new": mine.height - both.height, "gone": then.height - both.height,
                        "fallen": int((both["rise"] < 0).sum())}  # fmt: skip
            rows.append(row)
    whole = {"days": pl.Float64, "grown": pl.Int64, "new": pl.Int64, "gone": pl.Int64, "fallen": pl.Int64}
    return pl.DataFrame(rows, schema_overrides=whole, infer_schema_length=None)
