"""What are the parts of a model's spelling?

Routers, registries, leaderboards and log formats write one model in dozens of ways. This module takes a spelling apart
into what names the weights (the *core*), who published or serves it (the path before it) and what only says how it is
packed or run (quantisation, variant, mode, date). It knows no model: every word it may drop stands in ``rules.toml``,
and each drop is recorded, so that a match can say by which steps it was reached. ``book`` looks the results up.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

Key = tuple[str, ...]

_PIECE = re.compile(r"\d+[^\W\d_]*|[^\W\d_]+")
_DECIMAL_P = re.compile(r"(?<=\d)p(?=\d)")
_BEDROCK_TAIL = re.compile(r"-v\d+(:\d+)?$")
_DOTTED = re.compile(r"([a-z]+(?:-[a-z]+)*)\.(?=[a-z])")
_YEAR = re.compile(r"20[12]\d")
_DAY8 = re.compile(r"20[12]\d(0[1-9]|1[0-2])([0-2]\d|3[01])")
_MONTH6 = re.compile(r"20[12]\d(0[1-9]|1[0-2])")
_MMDD = re.compile(r"(0[1-9]|1[0-2])([0-2]\d|3[01])")
_YYMM = re.compile(r"2[2-9](0[1-9]|1[0-2])")
_MM = re.compile(r"0[1-9]|1[0-2]")
_DD = re.compile(r"0[1-9]|[12]\d|3[01]")
_MONTHS = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"} | {
    "january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """The words that ``rules.toml`` allows to be dropped, by kind, as keys (tuples of tokens)."""

    variants: frozenset[Key]
    formats: frozenset[Key]
    modes: frozenset[Key]
    kinds: frozenset[Key]
    stages: frozenset[Key]
    regions: frozenset[str]
    dotted: frozenset[str]

    @classmethod
    def read(cls, table: dict[str, list[str]]) -> "Words":
        """Builds the word lists from the parsed ``[words]`` table of ``rules.toml``."""
        names = ("regions", "dotted")
        keys = {kind: frozenset(tokens(word) for word in table[kind]) for kind in table if kind not in names}
        return cls(regions=frozenset(table["regions"]), dotted=frozenset(table["dotted"]), **keys)


@dataclass(frozen=True, slots=True)
class Spelling:
    """One spelling in parts: ``core`` names the model, ``path`` is what stood before it, outermost first."""

    core: Key
    path: tuple[str, ...] = ()
    steps: tuple[str, ...] = field(default=())


def tokens(text: str) -> Key:
    """The tokens of a name: case, punctuation and the seam between letters and digits do not count.

    >>> tokens("Qwen2.5-Coder (32B)")
    ('qwen', '2', '5', 'coder', '32b')
    >>> tokens("qwen-2.5 coder_32b") == tokens("Qwen2.5-Coder (32B)")
    True
    >>> tokens("Command R+")
    ('command', 'r', 'plus')
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = re.sub(r"(?<=\w)\+", "-plus", folded)
    found = tuple(_PIECE.findall(_DECIMAL_P.sub(".", folded)))
    # 2025-08-07 and 20250807 are one date: written as one token.
    for at in range(len(found) - 3, -1, -1):
        if at + 3 > len(found):
            continue
        year, month, day = found[at : at + 3]
        if _YEAR.fullmatch(year) and _MM.fullmatch(month) and _DD.fullmatch(day):
            found = (*found[:at], year + month + day, *found[at + 3 :])
    return found


def parts(text: str, words: Words) -> Spelling:
    """Takes a spelling apart.

    Handles ``host/maker/model:variant``, ``region.maker.model-v1:0`` (Bedrock), ``model@version`` (Vertex),
    ``name:tag`` (Ollama) and leaderboard cells scraped as ``name Maker · Licence``.
    """
    steps: list[str] = []
    name = unicodedata.normalize("NFKC", text).strip().lstrip("~").strip()
    if " · " in name:
        name = name.rsplit(" · ", 1)[0].strip()
        steps.append("licence after a middle dot dropped")
    path: list[str] = []
    # A path has no spaces before its last slash: "Ai2/UW" after a model's name is a maker's name.
    if "/" in name and not re.search(r"\s", name.rsplit("/", 1)[0]):
        *path, name = [piece for piece in name.split("/") if piece]
        steps.append("path before the name read apart")
    name, tag = _tag(name, words)
    if tag:
        steps.append(tag)
    # Bedrock parts with dots: us.anthropic.claude-…; in "laguna-m.1" a digit follows, so the dot is a version's.
    while (dotted := _DOTTED.match(name)) and dotted.group(1) in words.dotted | words.regions:
        path.append(dotted.group(1))
        name = name[dotted.end() :]
    path = [piece.casefold() for piece in path if piece.casefold() not in words.regions]
    return Spelling(tokens(name), tuple(path), tuple(steps))


def _tag(name: str, words: Words) -> tuple[str, str]:
    """Drops a router's variant or a version after ``:`` or ``@``; an Ollama size tag becomes part of the name."""
    if "@" in name.lstrip("@"):
        name, version = name.rsplit("@", 1)
        return f"{name}-{version}" if tokens(version) not in words.stages else name, f"version @{version}"
    stripped = _BEDROCK_TAIL.sub("", name)
    if ":" not in name or (stripped != name and ":" not in stripped):
        # "-v1:0" is Bedrock's own version of an endpoint; "-v1" without ":0" may belong to the model's name.
        return (stripped, "endpoint version dropped") if ":" in name else (name, "")
    name, tag = name.rsplit(":", 1)
    if tokens(tag) in words.variants or tokens(tag) in words.stages:
        return name, f"variant :{tag} dropped"
    return f"{name}-{tag}", f"tag :{tag} read as part of the name"


def peeled(core: Key, words: Words) -> Iterator[tuple[Key, tuple[str, ...]]]:
    """The core, and then the core with one trailing word after another taken off, each with the steps taken.

    A word goes only if it stands in ``rules.toml`` or is a date; sizes and tiers (mini, pro, 70b …) never go.
    """
    steps: tuple[str, ...] = ()
    yield core, steps
    while core:
        cut = _cut(core, words)
        if cut is None:
            return
        length, why = cut
        if length >= len(core):
            return
        core, steps = core[:-length], (*steps, f"{why} '{' '.join(core[-length:])}' dropped")
        yield core, steps


def _cut(core: Key, words: Words) -> tuple[int, str] | None:
    named = (("format", words.formats), ("mode", words.modes), ("kind", words.kinds), ("stage", words.stages))
    for length in (4, 3, 2, 1):
        tail = core[-length:]
        for why, known in named:
            if tail in known and not (tail == ("latest",) and not any(t[0].isdigit() for t in core[:-1])):
                # "gemini-pro-latest" is another model every year: without a version the word stays.
                return length, why
    length = date_length(core)
    return (length, "date") if length else None


def date_length(core: Key) -> int:
    """How many trailing tokens are a date (0 if none): 20250807, 2025-08-07, 08-2024, 0528, 2507, 07-25, Jun 2025."""
    one, two, three = core[-1:], core[-2:], core[-3:]
    if len(three) == 3:
        year, month, day = three
        if re.fullmatch(r"2[3-9]", year) and _MM.fullmatch(month) and _DD.fullmatch(day):
            return 3
    if len(two) == 2:
        left, right = two
        if left in _MONTHS and (_YEAR.fullmatch(right) or re.fullmatch(r"2[3-9]", right)):
            return 2
        if _MM.fullmatch(left) and (_YEAR.fullmatch(right) or _DD.fullmatch(right)):
            return 2
        if _YEAR.fullmatch(left) and _MM.fullmatch(right):
            return 2
    last = one[0] if one else ""
    if any(pattern.fullmatch(last) for pattern in (_DAY8, _MONTH6, _MMDD, _YYMM)):
        return 1
    return 0
