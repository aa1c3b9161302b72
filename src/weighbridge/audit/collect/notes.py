"""What should a user look at before believing an import? Things that are no fault of a row and may be one of the file.

Nothing here changes a row: the notes stand in ``collection.json`` and under the counts, each with its mend.
"""

from __future__ import annotations

import polars as pl

from weighbridge.audit.collect.values import shown
from weighbridge.audit.languages import language_of

MOST = 5
"""Notes of one kind."""


def spellings(models: pl.Series) -> list[str]:
    """Models whose names differ in case, blanks and signs only: whether they are one, only the user knows."""
    alike: dict[str, list[str]] = {}
    for name in sorted(models.unique()):
        letters = "".join(letter for letter in name.casefold() if letter.isalnum())
        alike.setdefault(letters or name, []).append(name)
    return [
        f"{' and '.join(map(shown, names))} may be one model in several spellings and are kept apart; where they are "
        "one, say so in a --mapping file: [values.model]"
        for names in [names for names in alike.values() if len(names) > 1][:MOST]
    ]


def strange_languages(collected: pl.DataFrame) -> list[str]:
    """Languages that are not known here, so that no analyser will read their programs."""
    counted = collected.filter(pl.col("language") != "")["language"].value_counts().sort("count", descending=True)
    strange = [(name, count) for name, count in counted.iter_rows() if not language_of(name).name]
    return [
        f"no analyser knows the language {shown(name)} ({count:,} rows); where it is one of ours by another name, say "
        "so in a --mapping file: [languages]"
        for name, count in strange[:MOST]
    ]
