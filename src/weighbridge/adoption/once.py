"""Which rows count? Each request, each day's row and each day's snapshot once, whatever number of exports repeat it.

``usage`` gives the long form of all files of a format; what comes back are the rows that count, and those of every key
that came more often. Ibis expressions, so that every engine does the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis


def counted_once(long: Any, grain: str, keep: Callable[[Any], Any]) -> tuple[Any, Any | None]:
    """Rows without a fault, each key once; and, if any came more often, all the rows of those keys with their rank.

    Of a request the fullest row is kept, of a day the one with the latest ``as_of`` (else from the file named last), of
    tags the largest, of snapshots all that the latest says of a day. A first pass counts the keys' hashes, which is
    little to hold; only keys whose hash came twice are then compared as they are, so that the result is exact whatever
    the hash does. ``keep`` holds an intermediate table where the engine holds such (``Table.cache`` on a cluster, a
    file here), so that the first pass is made once.
    """
    good = long.filter(long.fault.isnull()).mutate(day=long.time.date()).drop("fault")
    if grain == "snapshot":
        return _latest_statements(good, keep)
    hashed = good.mutate(mark=good.key.hash())
    # Rows without a key are no one's second: their keys count as none in the sum.
    suspects = hashed.group_by("mark").agg(n=hashed.key.count()).filter(ibis._.n > 1)
    suspects = keep(suspects.select("mark"))
    if suspects.count().to_pyarrow().as_py() == 0:
        return good, None
    single = hashed.anti_join(suspects, "mark").drop("mark")
    double = keep(hashed.semi_join(suspects, "mark").drop("mark"))
    latest = [ibis.desc("as_of", nulls_first=False)] if grain == "day" else []
    # Once only: of two orders of one column Ibis keeps the second.
    last = [ibis.desc("file")] if grain == "day" else []
    first_file = [] if grain == "day" else [ibis.asc("file")]
    fullest = [ibis.desc("tokens", nulls_first=False), ibis.desc("spend", nulls_first=False)]
    order = [*latest, *last, *fullest, *first_file, ibis.asc("time")]
    every = ibis.window(group_by="key")
    ranked = double.mutate(
        rank=ibis.row_number().over(ibis.window(group_by="key", order_by=order)),
        differs=double.tokens.max().over(every) != double.tokens.min().over(every),
    )
    first = ranked.filter((ranked["rank"] == 0) | ranked.key.isnull()).drop("rank", "differs")
    return single.union(first.select(*single.columns).cast(single.schema())), ranked.filter(ranked.key.notnull())


def _latest_statements(good: Any, keep: Callable[[Any], Any]) -> tuple[Any, Any | None]:
    """Of each day only what the latest snapshot says: a model that fell out of a ranking is in its ``other`` by then.

    Snapshots are told apart by ``as_of``, where there is none by their file. ``rank`` is 0 for what counts, 1 for the
    snapshot before, and over 1,000 for a row that its own snapshot has twice. A ranking is small: windows do.
    """
    undated: Any = ibis.ifelse(good.as_of.isnull(), good.file, ibis.literal(-1, type="int64"))
    newest = [ibis.desc("as_of", nulls_first=False), ibis.desc("undated")]
    good = good.mutate(undated=undated)
    placed = good.mutate(statement=ibis.dense_rank().over(ibis.window(group_by="day", order_by=newest)))
    fullest = [ibis.desc("tokens", nulls_first=False), ibis.asc("file")]
    placed = placed.mutate(
        again=ibis.row_number().over(ibis.window(group_by=["key", "statement"], order_by=fullest)),
        statements=placed.statement.max().over(ibis.window(group_by="day")),
    )
    once: Any = ibis.ifelse(placed.again == 0, 1, 0)
    by_key = ibis.window(group_by="key")
    ranked = placed.mutate(
        rank=placed.statement + 1000 * placed.again,
        differs=(placed.tokens.max().over(by_key) != placed.tokens.min().over(by_key))
        | (once.sum().over(by_key) != placed.statements + 1),
    )
    ranked = keep(ranked)
    if ranked.filter(ranked["rank"] > 0).count().to_pyarrow().as_py() == 0:
        return good.drop("undated"), None
    extra = ("undated", "statement", "again", "statements")
    first = ranked.filter(ranked["rank"] == 0).drop("rank", "differs", *extra)
    return first, ranked.filter((ranked.statements > 0) | (ranked.again > 0)).drop(*extra)
