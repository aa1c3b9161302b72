"""Which model is meant by this spelling, who made it, and were its weights open on that day?

The look-up over the rows that ``rows`` read and the parts that ``spelling`` found. The order is fixed: the exact name,
a reviewed other spelling, the name with packing, mode or date taken off, then a family's token pattern, then the
namespace alone. What none of them knows is ``None``: nothing is guessed. What could be two makers' says so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import polars as pl

from weighbridge.catalog import rows
from weighbridge.catalog.spelling import Key, Spelling, parts, peeled, tokens
from weighbridge.errors import DataError, UnknownName

Origin = Literal["open_cn", "open_other", "proprietary_cn", "proprietary_other", "unknown"]
ORIGINS: tuple[Origin, ...] = ("open_cn", "open_other", "proprietary_cn", "proprietary_other", "unknown")


@dataclass(frozen=True, slots=True)
class Match:
    """What the catalogue knows of one spelling, on one day.

    ``model``, ``maker`` and ``family`` are ids; ``model`` is None where only the maker is known, ``maker`` None where
    nobody said who made it. ``open`` is None where the name alone does not tell. ``how`` is exact, alias or rule, and
    ``rule`` says in words which. ``sure`` speaks of the maker and the weights: certain or likely. ``candidates`` are
    the makers it could be. ``derived_from`` is the family it is named after when somebody else trained it further.
    ``host`` is the outermost host that the path names: the one that is asked. ``depth`` is how many words, numbers
    not counted, the family's pattern covers, 0 where a model's own row was found.
    """

    spelling: str
    model: str | None = None
    maker: str | None = None
    maker_name: str | None = None
    country: str | None = None
    open: bool | None = None
    family: str | None = None
    how: Literal["exact", "alias", "rule"] = "rule"
    rule: str = ""
    sure: Literal["certain", "likely"] = "certain"
    candidates: tuple[str, ...] = ()
    derived_from: str | None = None
    host: str | None = None
    released: date | None = None
    licence: str = ""
    depth: int = 0

    @property
    def origin(self) -> Origin:
        """The class of origin that shares are counted in; unknown unless country and weights are both known."""
        if self.country is None or self.open is None:
            return "unknown"
        if self.country == "CN":
            return "open_cn" if self.open else "proprietary_cn"
        return "open_other" if self.open else "proprietary_other"


@dataclass(frozen=True, slots=True)
class _Owner:
    """What the path before a name says: its maker, a host, or an owner whom the catalogue does not know."""

    maker: str | None = None
    host: str | None = None
    stranger: str | None = None


@dataclass
class Index:
    """The look-up tables, all by tokens or by lower-case words; ``assemble`` fills them."""

    exact: dict[Key, str] = field(default_factory=dict)
    aliases: dict[Key, list[tuple[str | None, rows.Alias]]] = field(default_factory=dict)
    patterns: dict[str, list[tuple[Key, rows.Family]]] = field(default_factory=dict)
    namespaces: dict[str, str] = field(default_factory=dict)
    prefixes: dict[str, rows.Host] = field(default_factory=dict)
    domains: dict[str, rows.Host] = field(default_factory=dict)
    wild_domains: list[tuple[re.Pattern[str], rows.Host]] = field(default_factory=list)
    maker_names: dict[Key, str] = field(default_factory=dict)
    ambiguous: dict[Key, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Catalog:
    """All facts, and the look-up. ``catalog.load`` builds one."""

    facts: rows.Facts
    models: dict[str, rows.Model] = field(default_factory=dict)
    makers: dict[str, rows.Maker] = field(default_factory=dict)
    families: dict[str, rows.Family] = field(default_factory=dict)
    index: Index = field(default_factory=Index, repr=False)
    _found: dict[tuple[str, date | None, bool], Match | None] = field(default_factory=dict, repr=False)

    def find(self, spelling: str, *, on: date | None = None, hindsight: bool = False) -> Match | None:
        """The model meant by ``spelling`` as things stood ``on`` that day (None: today), or None if it is not known.

        Weights count as open from the day they were published. A stealth model has no maker before the day on which
        its maker was named, unless ``hindsight`` asks for what is known now.
        """
        key = (spelling, on, hindsight)
        if key not in self._found:
            self._found[key] = self._find(spelling, on, hindsight)
        return self._found[key]

    def need(self, spelling: str, *, on: date | None = None) -> Match:
        """Like ``find``, but raises ``UnknownName`` with the nearest known names where nothing matches."""
        match = self.find(spelling, on=on)
        if match is None:
            near = ", ".join(self.near(spelling)) or "none"
            raise UnknownName(
                f"the catalogue does not know the model '{spelling}' (similar names: {near}); "
                "add a row for it in a file of your own"
            )
        return match

    def near(self, spelling: str, count: int = 5) -> list[str]:
        """Known model ids that share most tokens with ``spelling``, for an error message; never used to match."""
        wanted = set(parts(spelling, self.facts.words).core)
        scored = [
            (len(wanted & set(tokens(name))) / max(len(wanted | set(tokens(name))), 1), name) for name in self.models
        ]
        return [name for score, name in sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:count] if score >= 0.3]

    def match(self, names: pl.Series, on: pl.Series | date | None = None, *, hindsight: bool = False) -> pl.DataFrame:
        """``find`` for a whole column: one row for each of ``names``, in order.

        ``on`` is one day for all or a Date series of the same length. Columns: name, model, maker, maker_name, country,
        open, family, origin, how, rule, sure, host, known (false where nothing matched; origin is then "unknown").
        Each distinct pair is looked up once, so millions of rows cost little more than their distinct names.
        """
        days = on if isinstance(on, pl.Series) else pl.repeat(on, len(names), dtype=pl.Date, eager=True)
        if len(days) != len(names):
            raise DataError(f"'on' has {len(days)} rows and the names have {len(names)}; give one day for each name")
        asked = pl.DataFrame({"name": names.cast(pl.String).alias("name"), "on": days.cast(pl.Date).alias("on")})
        distinct = asked.unique(maintain_order=True)
        found = [
            _as_row(name, day, None if name is None else self.find(name, on=day, hindsight=hindsight))
            for name, day in distinct.iter_rows()
        ]
        table = pl.DataFrame(found, schema=_MATCH_SCHEMA, orient="row")
        return asked.join(table, on=["name", "on"], how="left", nulls_equal=True, maintain_order="left").drop("on")

    def host_of(self, address: str) -> rows.Host | None:
        """Who serves an endpoint: ``address`` is a URL, a domain or a router's prefix such as ``fireworks_ai``."""
        bare = address.casefold().split("://", 1)[-1].split("/", 1)[0]
        if bare in self.index.prefixes:
            return self.index.prefixes[bare]
        rest = bare
        while rest:
            if rest in self.index.domains:
                return self.index.domains[rest]
            _, _, rest = rest.partition(".")
        return next((host for pattern, host in self.index.wild_domains if pattern.fullmatch(bare)), None)

    def country_of_maker(self, name: str) -> str | None:
        """The country of a maker given by id, name or namespace; None if the maker or its country is not known."""
        maker = self.maker_named(name)
        return self.makers[maker].country if maker else None

    def maker_named(self, name: str) -> str | None:
        """The id of the maker called ``name`` (id, any of its names, or a namespace)."""
        return (
            name
            if name in self.makers
            else self.index.namespaces.get(name.casefold()) or self.index.maker_names.get(tokens(name))
        )

    # The look-up, step by step.

    def _find(self, spelling: str, on: date | None, hindsight: bool) -> Match | None:
        if not spelling.strip():
            return None
        taken = parts(spelling, self.facts.words)
        owner = self.owner_of(taken.path)
        core, owner = self.scraped(taken, owner)
        empty = Match(spelling=spelling, host=owner.host)
        # "deepseek.v3.2" on Bedrock: the maker's name is the first half of the model's.
        joined = tokens(taken.path[-1]) + core if owner.maker else core
        for whole in dict.fromkeys((core, joined)):
            for key, steps in peeled(whole, self.facts.words):
                found = self._named(empty, key, taken, owner, steps, on, hindsight)
                if found is not None:
                    return found
        return (
            self._by_family(empty, core, owner) or self._by_family(empty, joined, owner) or self._by_owner(empty, owner)
        )

    def owner_of(self, path: tuple[str, ...]) -> _Owner:
        served = [self.index.prefixes[piece] for piece in path if piece in self.index.prefixes]
        # "openrouter/deepseek/…" is asked of OpenRouter, whoever it passes the question on to.
        host = served[0].id if served else None
        for depth, piece in enumerate(reversed(path)):
            maker = self.index.namespaces.get(piece)
            if maker and not (depth and piece in self.index.prefixes):
                return _Owner(maker, host)
            known = piece in self.index.prefixes or piece in self.facts.repackers
            if not known and depth == 0 and not _is_host_path(path):
                return _Owner(None, host, piece)
        return _Owner(None, host)

    def scraped(self, taken: Spelling, owner: _Owner) -> tuple[Key, _Owner]:
        """A leaderboard cell scraped as ``name Maker · Licence``: the maker's name stands at the end of the name."""
        if not any(step.startswith("licence") for step in taken.steps):
            return taken.core, owner
        for length in range(min(4, len(taken.core) - 1), 0, -1):
            maker = self.index.maker_names.get(taken.core[-length:])
            if maker:
                return taken.core[:-length], owner
        return taken.core, owner

    def _named(
        self,
        empty: Match,
        key: Key,
        taken: Spelling,
        owner: _Owner,
        steps: tuple[str, ...],
        on: date | None,
        hindsight: bool,
    ) -> Match | None:
        for name, prefix in self._with_and_without_maker(key):
            alias = self._alias(name, taken.path, on)
            model_id = alias.model if alias else self.index.exact.get(name)
            if model_id is None:
                continue
            model = self.models[model_id]
            if prefix and model.maker != prefix:
                continue
            sure = "likely" if any(step.startswith(("date", "stage")) for step in steps) else "certain"
            if owner.stranger or (owner.maker and owner.maker != model.maker and not owner.host):
                # Somebody else's upload under the same name: most are copies, some are not.
                sure = "likely"
            how = (
                "rule"
                if steps or (prefix and not alias)
                else "alias"
                if alias or empty.spelling != model.id
                else "exact"
            )
            rule = (
                "; ".join((*([f"spelling '{alias.spelling}'"] if alias else []), *steps)) or f"the name of {model.id}"
            )
            if alias and (alias.start or alias.end):
                rule += f" (a rolling name; {'as of ' + on.isoformat() if on else 'as of today'})"
                sure = sure if on else "likely"
            return self._dated(replace(empty, how=how, rule=rule, sure=sure), model, on, hindsight)
        return None

    def _dated(self, match: Match, model: rows.Model, on: date | None, hindsight: bool) -> Match:
        if model.is_really and model.revealed and (hindsight or on is None or on >= model.revealed):
            rule = f"{match.rule}; stealth name of {model.is_really}, named on {model.revealed.isoformat()}"
            return self._dated(replace(match, rule=rule), self.models[model.is_really], on, hindsight)
        if model.kind != "model":
            why = (
                "a router, which picks a model itself"
                if model.kind == "router"
                else "a stealth model, its maker not named"
            )
            return replace(match, model=model.id, rule=f"{match.rule}; {why}" + (" by that day" if on else ""))
        maker = self.makers.get(model.maker) if model.maker else None
        family = self.families.get(model.family) if model.family else None
        if model.weights == "open" and model.open_since:
            is_open: bool | None = on is None or on >= model.open_since
        else:
            is_open = False if model.weights == "closed" else None
        return replace(
            match, model=model.id, maker=model.maker, maker_name=maker.name if maker else None,
            country=maker.country if maker else None, open=is_open, family=family.id if family else model.family,
            released=model.released, licence=model.licence, derived_from=model.base or None,
        )  # fmt: skip

    def _with_and_without_maker(self, key: Key) -> Iterable[tuple[Key, str | None]]:
        yield key, None
        for length in range(min(3, len(key) - 1), 0, -1):
            maker = self.index.maker_names.get(key[:length])
            if maker:
                yield key[length:], maker

    def _alias(self, key: Key, path: tuple[str, ...], on: date | None) -> rows.Alias | None:
        day = on or date.today()
        best: rows.Alias | None = None
        for namespace, alias in self.index.aliases.get(key, ()):
            if namespace is not None and namespace not in path:
                continue
            if (alias.start is None or alias.start <= day) and (alias.end is None or day < alias.end):
                if namespace is not None:
                    return alias
                best = best or alias
        return best

    def _by_ambiguity(self, empty: Match, core: Key, longer_than: int) -> Match | None:
        for length in range(len(core), longer_than, -1):
            could_be = self.index.ambiguous.get(core[:length])
            if could_be:
                names = ", ".join(could_be)
                return replace(
                    empty,
                    candidates=could_be,
                    sure="likely",
                    rule=f"ambiguous: '{' '.join(core[:length])}' may be {names}",
                )
        return None

    def _by_family(self, empty: Match, core: Key, owner: _Owner) -> Match | None:
        best: tuple[int, Key, rows.Family] | None = None
        for name, prefix in self._with_and_without_maker(core):
            for pattern, family in self.index.patterns.get(name[0], ()):
                if prefix and family.maker != prefix:
                    continue
                # Of two patterns of one length the one that says the number wins: "gpt 2" over "gpt #".
                if _fits(pattern, name) and (best is None or _rank(pattern) > _rank(best[1])):
                    best = (len(pattern), pattern, family)
        ambiguous = None if owner.maker else self._by_ambiguity(empty, core, best[0] - 1 if best else 0)
        if best is None or ambiguous:
            return ambiguous
        _, pattern, family = best
        depth = sum(word.isalpha() for word in pattern)
        rule = f"family {family.id}: the name starts with '{' '.join(pattern)}'"
        if owner.stranger:
            return replace(empty, rule=f"{rule}, published by '{owner.stranger}', who is not known", sure="likely",
                           derived_from=family.id, depth=depth)  # fmt: skip
        if owner.maker and owner.maker != family.maker and not owner.host:
            maker = self.makers[owner.maker]
            return replace(
                empty, maker=maker.id, maker_name=maker.name, country=maker.country, derived_from=family.id,
                rule=f"namespace of {maker.name}; named after family {family.id}", depth=depth,
            )  # fmt: skip
        maker = self.makers[family.maker]
        # A new model of an open family may be closed: that its weights are open is only likely until a row says so.
        certain = (family.sure == "certain" or owner.maker == family.maker) and family.open is not True
        return replace(
            empty, maker=maker.id, maker_name=maker.name, country=maker.country, open=family.open, family=family.id,
            licence=family.licence, rule=rule, sure="certain" if certain else "likely", depth=depth,
        )  # fmt: skip

    def _by_owner(self, empty: Match, owner: _Owner) -> Match | None:
        if owner.maker is None:
            return None
        maker = self.makers[owner.maker]
        # A maker that also hosts others' models (NVIDIA, Alibaba Cloud …) need not have made what it serves.
        serves_others = bool(owner.host) and self.index.prefixes[owner.host or ""].kind == "host"
        return replace(
            empty, maker=maker.id, maker_name=maker.name, country=maker.country,
            rule=f"namespace of {maker.name} only", sure="likely" if serves_others else "certain",
        )  # fmt: skip


_MATCH_SCHEMA = {
    "name": pl.String, "on": pl.Date, "model": pl.String, "maker": pl.String, "maker_name": pl.String,
    "country": pl.String, "open": pl.Boolean, "family": pl.String, "origin": pl.String, "how": pl.String,
    "rule": pl.String, "sure": pl.String, "host": pl.String, "known": pl.Boolean,
}  # fmt: skip


def _as_row(name: str | None, on: date | None, match: Match | None) -> tuple[object, ...]:
    if match is None:
        return (name, on, None, None, None, None, None, None, "unknown", None, None, None, None, False)
    return (
        name, on, match.model, match.maker, match.maker_name, match.country, match.open, match.family, match.origin,
        match.how, match.rule, match.sure, match.host, True,
    )  # fmt: skip


def _is_host_path(path: tuple[str, ...]) -> bool:
    return len(path) > 1 and path[0] in {"accounts", "publishers"}


def _rank(pattern: Key) -> tuple[int, int]:
    return len(pattern), sum(word not in ("#", "%") for word in pattern)


def _fits(pattern: Key, name: Key) -> bool:
    """Does ``name`` start with ``pattern``? A version is one to three short numbers, a size a number with b, m or t."""
    if not pattern:
        return True
    if not name:
        return False
    head, rest = pattern[0], pattern[1:]
    if head == "#":
        count = 0
        while (
            count < min(3, len(name)) and name[count][0].isdigit() and len(name[count]) <= 2 + name[count][-1].isalpha()
        ):
            if name[count][-1] in "bmt" and not name[count].isdigit():
                break
            count += 1
            if _fits(rest, name[count:]):
                return True
        return False
    if head == "%":
        count = 1 if name[0].isdigit() and len(name) > 1 else 0
        return name[count][0].isdigit() and name[count][-1] in "bmt" and _fits(rest, name[count + 1 :])
    return name[0] == head and _fits(rest, name[1:])
