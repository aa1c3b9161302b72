"""Is this one series, or several in one file?

Between two snapshots of one board the models that stand in both should hardly move. This step looks at how they moved
and shows what is not a change of the models: a re-based scale, a board that changed behind one name, holes, repeated,
shrunken or wholesale renamed snapshots. It corrects nothing; it says what it saw and where.
"""

import itertools
from datetime import date

import numpy as np
import polars as pl

from weighbridge.catalog import Catalog
from weighbridge.gap.ratings import Ratings, Remark

# A uniform move of this share of the ratings' own spread is a re-based scale (5 to 6 points on Arena).
REBASE_SHARE = 0.06
HOLE_DAYS = 30
FEWEST_COMMON = 3


def look(ratings: Ratings, catalog: Catalog, *, hole_days: int = HOLE_DAYS) -> list[Remark]:
    """All remarks on a history of snapshots, in order of date; a history of releases has only its dates checked."""
    if ratings.kind == "releases":
        return _future(ratings)
    days = ratings.dates
    sizes = dict(ratings.frame.group_by("date").len().iter_rows())
    remarks: list[Remark] = _future(ratings)
    shots = {day[0]: shot for day, shot in ratings.frame.group_by("date", maintain_order=True)}
    usual_moves: list[float] = []
    for number, (before, after) in enumerate(itertools.pairwise(days)):
        gap = (after - before).days
        if gap > hole_days:
            remarks.append(Remark("hole", f"no snapshot for {gap} days between {before} and {after}", True, after, gap))
        recent = [sizes[day] for day in days[max(0, number - 4) : number + 1]]
        usual = float(np.median(recent))
        if sizes[after] < 0.6 * usual:
            text = f"the snapshot of {after} has {sizes[after]} models, {usual:.0f} were usual before"
            remarks.append(Remark("shrunken", text, True, after, sizes[after]))
        remarks += _compared(shots[before], shots[after], before, after, usual_moves, catalog)
    return sorted(_gathered(remarks), key=lambda remark: (remark.date or date.min, remark.kind))


def _future(ratings: Ratings) -> list[Remark]:
    late = [day for day in ratings.dates if day > date.today()]
    return (
        [Remark("future", f"{len(late)} dates are in the future, the last {late[-1]}", True, late[-1], len(late))]
        if late
        else []
    )


def _gathered(remarks: list[Remark]) -> list[Remark]:
    """Remarks of a kind that changes no figure become one, with a count and the days of the first and the last."""
    kept = [remark for remark in remarks if remark.serious or remark.kind not in ("repeated", "renamed")]
    for kind, many in (
        ("repeated", "snapshots repeat the one before, value for value"),
        ("renamed", "models changed their spelling"),
    ):
        some = [remark for remark in remarks if remark.kind == kind and not remark.serious]
        if len(some) == 1:
            kept.append(some[0])
        elif some:
            count = sum(remark.count or 1 for remark in some)
            text = f"{count} {many}, on {len(some)} days from {some[0].date} to {some[-1].date}"
            if kind == "renamed":
                text += f"; e.g. {some[0].text.rsplit('e.g. ', 1)[-1]}"
            kept.append(Remark(kind, text, False, some[-1].date, count))
    return kept


def _compared(
    old: pl.DataFrame, new: pl.DataFrame, before: date, after: date, usual_moves: list[float], catalog: Catalog
) -> list[Remark]:
    remarks: list[Remark] = []
    both = old.join(new, on="model", suffix="_new")
    gone = old.join(new, on="model", how="anti")
    come = new.join(old, on="model", how="anti")
    renamed = _renamed(gone, come, catalog)
    if renamed:
        wholesale = len(renamed) > 0.5 * len(old)
        first = renamed[0]
        text = f"between {before} and {after} {len(renamed)} models changed their spelling, "
        text += f"e.g. '{first[0]}' → '{first[1]}'"
        if wholesale:
            text += "; nearly all did: the source of the file changed"
        remarks.append(Remark("renamed", text, wholesale, after, len(renamed)))
    moves = both["rating_new"].to_numpy() - both["rating"].to_numpy()
    if renamed:
        pairs = pl.DataFrame(renamed, schema=["model", "new", "a", "b"], orient="row")
        moves = np.concatenate([moves, pairs["b"].to_numpy() - pairs["a"].to_numpy()])
    if len(moves) < FEWEST_COMMON:
        if len(old) >= FEWEST_COMMON and len(new) >= FEWEST_COMMON:
            text = f"the snapshots of {before} and {after} have only {len(moves)} models in common; "
            text += "their scales cannot be compared"
            remarks.append(Remark("disjoint", text, True, after, len(moves)))
        return remarks
    if len(moves) == len(old) == len(new) and not np.any(moves):
        remarks.append(
            Remark("repeated", f"the snapshot of {after} repeats that of {before}, value for value", False, after)
        )
        return remarks
    level = float(np.median(moves))
    rest = float(np.median(np.abs(moves - level)))
    spread = float(np.std(old["rating"].to_numpy()))
    one_way = float(np.mean(np.sign(moves) == np.sign(level))) if level else 0.0
    usual = float(np.median(usual_moves)) if usual_moves else 0.0
    # Of a handful of models every one must move the same way; of many, four in five.
    rebased = abs(level) > REBASE_SHARE * spread and one_way >= (0.8 if len(moves) >= 10 else 1.0)
    # Models that move apart by much more than they did before: not one scale shifted, another measure.
    rescored = rest > max(4 * usual, (0.05 if usual_moves else 0.1) * spread)
    if rebased:
        text = f"between {before} and {after} the level of the {len(moves)} common models moved by {level:+.1f} points"
        text += ": the scale was re-based; ratings before and after cannot be compared, gaps within a day can"
        remarks.append(Remark("re-based", text, True, after, len(moves)))
    if rescored:
        text = (
            f"between {before} and {after} the common models moved apart (typically {rest:.1f} points from each other, "
            f"{usual:.1f} were usual): another board, or another method, may stand behind the same name"
        )
        remarks.append(Remark("board-changed", text, True, after, len(moves)))
    if not (rebased or rescored):
        usual_moves.append(rest)
        del usual_moves[:-20]
    return remarks


def _renamed(gone: pl.DataFrame, come: pl.DataFrame, catalog: Catalog) -> list[tuple[str, str, float, float]]:
    """Pairs (old name, new name, old rating, new rating): another spelling of one model, under the same mode."""
    if gone.is_empty() or come.is_empty():
        return []
    by_id: dict[tuple[str, tuple[str, ...]], list[tuple[str, float]]] = {}
    for name, rating in come.select("model", "rating").iter_rows():
        key = _identity(name, catalog)
        if key is not None:
            by_id.setdefault(key, []).append((name, rating))
    pairs: list[tuple[str, str, float, float]] = []
    for name, rating in gone.select("model", "rating").iter_rows():
        key = _identity(name, catalog)
        candidates = by_id.pop(key, []) if key is not None else []
        if len(candidates) == 1:
            pairs.append((name, candidates[0][0], rating, candidates[0][1]))
    return pairs


def _identity(name: str, catalog: Catalog) -> tuple[str, tuple[str, ...]] | None:
    match = catalog.find(name)
    if match is None or match.model is None:
        return None
    modes = tuple(
        word
        for word in ("thinking", "reasoning", "high", "low")
        if word in name.casefold() and f"no-{word}" not in name.casefold()
    )
    return match.model, modes
