"""From the rows to a catalogue that can be asked.

Reads the fact files, fills the look-up tables of ``book`` and refuses rows that claim one spelling for two models or
name a maker, family or model that has no row. A user's own rows come last, and win.
"""

import functools
import re
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from weighbridge.catalog import rows
from weighbridge.catalog.book import Catalog
from weighbridge.catalog.spelling import Key, parts, tokens
from weighbridge.errors import DataError

V = TypeVar("V")


def _pattern(text: str) -> Key:
    """A family's pattern as tokens; ``#`` stands for a version number, ``%`` for a size such as 7b or 0.6b."""
    return tuple(token for word in text.split() for token in ((word,) if word in ("#", "%") else tokens(word)))


@functools.lru_cache(maxsize=8)
def load(extra: Path | None = None, folder: Path = rows.FOLDER) -> Catalog:
    """The catalogue that ships with the product, with the rows of the user's file ``extra`` on top (they win).

    Cached. Raises ``DataError`` where a row is broken or two rows claim one spelling.
    """
    facts = rows.read(folder)
    book = Catalog(facts)
    for maker in facts.makers:
        _once(book.makers, maker.id, maker, folder / "makers.csv", "id")
        for namespace in maker.namespaces:
            _once(book.index.namespaces, namespace.casefold(), maker.id, folder / "makers.csv", "namespaces")
    for maker in facts.makers:
        for name in (maker.id, maker.name, *maker.names, *maker.namespaces):
            book.index.maker_names.setdefault(tokens(name), maker.id)
    for host in facts.hosts:
        for prefix in (host.id, *host.prefixes):
            book.index.prefixes.setdefault(prefix.casefold(), host)
        for domain in host.domains:
            if "*" in domain:
                wild = re.compile("[^/]+".join(re.escape(piece) for piece in domain.split("*")))
                book.index.wild_domains.append((wild, host))
            else:
                book.index.domains.setdefault(domain, host)
    seen: dict[Key, str] = {}
    for family in facts.families:
        if family.maker not in book.makers:
            raise DataError(f"{folder / 'families.csv'}: family '{family.id}' names the unknown maker '{family.maker}'")
        book.families[family.id] = family
        for text in family.patterns:
            pattern = _pattern(text)
            if seen.setdefault(pattern, family.id) != family.id:
                raise DataError(f"{folder / 'families.csv'}: '{text}' stands in {seen[pattern]} and in {family.id}")
            if (pattern, family) not in book.index.patterns.setdefault(pattern[0], []):
                book.index.patterns[pattern[0]].append((pattern, family))
    for model in facts.models:
        _add_model(book, model, folder / "models.csv", may_replace=False)
    for model in facts.models:
        if model.hugging_face:
            # Two versions may name one repository, and a repository may bear another's name: ids and names go first.
            book.index.exact.setdefault(tokens(model.hugging_face.rsplit("/", 1)[-1]), model.id)
    for alias in facts.aliases:
        _add_alias(book, alias, folder / "spellings.csv")
    _check_references(book, folder)
    for word, could_be in rows.ambiguous(folder).items():
        book.index.ambiguous[tokens(word)] = tuple(could_be)
    if extra is not None:
        _add_extra(book, extra)
    return book


def _once(table: dict[str, V], key: str, value: V, file: Path, column: str) -> None:
    if key in table:
        raise DataError(f"{file}, column '{column}': '{key}' stands there twice; keep one")
    table[key] = value


def _add_model(book: Catalog, model: rows.Model, file: Path, *, may_replace: bool) -> None:
    if model.id in book.models and not may_replace:
        raise DataError(f"{file}, column 'id': '{model.id}' stands there twice; keep one")
    book.models[model.id] = model
    for name in (model.id, model.name):
        key = tokens(name)
        other = book.index.exact.get(key)
        if other not in (None, model.id) and not may_replace:
            raise DataError(f"{file}: '{name}' of '{model.id}' is also a name of '{other}'; give one of them another")
        book.index.exact[key] = model.id


def _add_alias(book: Catalog, alias: rows.Alias, file: Path) -> None:
    if alias.model not in book.models:
        raise DataError(f"{file}, column 'model': '{alias.model}' of spelling '{alias.spelling}' is not in models.csv")
    taken = parts(alias.spelling, book.facts.words)
    namespace = taken.path[-1] if taken.path else None
    entries = book.index.aliases.setdefault(taken.core, [])
    for other_space, other in entries:
        apart = (other.end and alias.start and other.end <= alias.start) or (
            alias.end and other.start and alias.end <= other.start
        )
        if other_space == namespace and other.model != alias.model and not apart:
            raise DataError(f"{file}: the spelling '{alias.spelling}' is both '{other.model}' and '{alias.model}'")
    entries.append((namespace, alias))


def _check_references(book: Catalog, folder: Path) -> None:
    for model in book.models.values():
        if model.maker is not None and model.maker not in book.makers:
            raise DataError(f"{folder / 'models.csv'}: '{model.id}' names the unknown maker '{model.maker}'")
        if model.family is not None and model.family not in book.families:
            raise DataError(f"{folder / 'models.csv'}: '{model.id}' names the unknown family '{model.family}'")
        if model.is_really is not None and model.is_really not in book.models:
            raise DataError(
                f"{folder / 'models.csv'}: '{model.id}' is said to be '{model.is_really}', which has no row"
            )


def _add_extra(book: Catalog, extra: Path) -> None:
    models, aliases, makers = rows.read_extra(extra)
    known: dict[str, str] = {}
    for maker in makers:
        same = book.maker_named(maker.id)
        if same and maker.country and book.makers[same].country not in (None, maker.country):
            raise DataError(
                f"{extra}, column 'country': {maker.country} for '{maker.id}', which the catalogue has as "
                f"{book.makers[same].country}; correct it, or give the maker another name"
            )
        if same is None:
            book.makers[maker.id] = maker
            book.index.maker_names.setdefault(tokens(maker.id), maker.id)
            book.index.namespaces.setdefault(maker.id.casefold(), maker.id)
        known[maker.id] = same or maker.id
    for model in models:
        _add_model(book, replace(model, maker=known[model.maker or ""]), extra, may_replace=True)
        book.index.aliases.pop(tokens(model.id), None)
    for alias in aliases:
        book.index.aliases[parts(alias.spelling, book.facts.words).core] = []
        _add_alias(book, alias, extra)
