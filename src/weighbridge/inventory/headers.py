"""What is this file of weights, by what its header, its card and its name say of it?

Called by ``judge`` with the mentions of one file. The several words of a weights file about itself are one use; a base
that is named makes it somebody's further training, whose maker nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from weighbridge.catalog import Catalog, Match
from weighbridge.catalog.spelling import tokens
from weighbridge.inventory import addresses
from weighbridge.inventory.hits import Judged, Mention

_ORDER = (
    "general.name",
    "_name_or_path",
    "base_model_name_or_path",
    "general.basename",
    "model store",
    "general.source.url",
    "general.repo_url",
)


def weights(mentions: list[Mention], book: Catalog) -> Iterator[Judged]:
    """What the header, the card and the file's name say together: one use."""
    by_key = {m.key: m for m in mentions if m.role == "weights"}
    named = next((m for m in mentions if m.role == "file name"), None)
    ordered = [by_key[key] for key in _ORDER if key in by_key]
    ordered += [m for key, m in sorted(by_key.items()) if key not in _ORDER]
    for mention in ordered:
        text = _hub_name(mention.text)
        match = book.find(text) if text else None
        # A header's own word is believed where it is more than a bare everyday name.
        if match and (match.maker or match.derived_from or match.model) and (tokens(text)[1:] or match.model):
            base = mention.key.startswith(("general.base_model", "base_model"))
            own = by_key.get("general.name")
            name = (_hub_name(own.text) if own else "") or (f"an adapter of {text}" if base else "")
            why = f"{mention.key} of the file says '{text}'"
            if base:
                # Weights trained further: the base is known, who trained it is not.
                base_id = match.model or match.family or match.derived_from
                unknown = Match(spelling=name, derived_from=base_id, rule=f"built on {base_id}")
                yield Judged(
                    "weights",
                    name,
                    f"{mention.key} = {text}",
                    "certain",
                    why,
                    unknown,
                    line=mention.line,
                    derived_from=base_id,
                )
                yield Judged(
                    "model",
                    match.model or text,
                    f"{mention.key} = {text}",
                    "certain",
                    f"{why}; {match.rule}",
                    match,
                    line=mention.line,
                )
            else:
                yield Judged(
                    "weights",
                    match.model or text,
                    f"{mention.key} = {text}",
                    "certain",
                    f"{why}; {match.rule}",
                    match,
                    line=mention.line,
                )
            return
    if named:
        match = book.find(named.text)
        if (
            match
            and (match.maker or match.model)
            and any(t[0].isdigit() for t in tokens(named.text))
            and len(tokens(named.text)) > 1
        ):
            yield Judged("weights", match.model or named.text, f"file name {named.text}", "likely", match.rule, match)
            return
    if named is None or named.key == "gguf":
        text = next((_hub_name(m.text) for m in ordered if m.text), "") or (named.text if named else "")
        if text:
            line = ordered[0].line if ordered else 0
            yield Judged(
                "weights",
                text,
                f"weights called {text}",
                "likely",
                "weights that the catalogue does not know",
                line=line,
            )
    elif named.key == "safetensors":
        yield Judged(
            "weights", named.text, f"weights called {named.text}", "hint", "weights that say nothing of themselves"
        )


def architecture(mention: Mention, book: Catalog) -> Iterator[Judged]:
    """A hint of the family, never of the maker."""
    bare = re.sub(r"(?:For[A-Z]\w*|LMHeadModel|Model)$", "", mention.text)
    match = book.find(bare) if bare else None
    if match and match.family:
        why = "an architecture, which other makers' models use too"
        unknown = Match(spelling=bare, derived_from=match.family, rule=why)
        yield Judged(
            "weights",
            f"architecture {bare.lower()}",
            f"{mention.key} = {mention.text}",
            "hint",
            why,
            unknown,
            line=mention.line,
            derived_from=match.family,
        )


def _hub_name(text: str) -> str:
    """What a model's card says of its origin, as a name: an address or a path becomes its last pieces."""
    text = text.strip()
    address = next(iter(addresses.found(text)), None) if "://" in text else None
    if address:
        return address.hub_model or ""
    if text.startswith(("/", "./", "../", "~")) or "\\" in text:
        found = re.search(r"models--([\w.\-]+?)--([\w.\-]+)", text)
        return f"{found.group(1)}/{found.group(2)}" if found else re.split(r"[\\/]", text.rstrip("/\\"))[-1]
    return text if len(text) <= 120 else ""
