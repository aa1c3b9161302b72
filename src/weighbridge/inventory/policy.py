"""Does what was found keep the house's rules? A policy is a TOML file; each breach says which rule, where and why.

A model that somebody else trained further is judged by its base too: a rule against weights from a country holds for
their fine-tunes. Where the catalogue does not know what a rule asks for, the rule is *undecided*, which is a class of
its own: shown always, and a breach only if the policy says ``unknown = "breach"``. A baseline accepts breaches known
today.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from weighbridge.catalog import Catalog
from weighbridge.errors import DataError
from weighbridge.inventory.hits import Hit


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Models(_Table):
    """Rules for models and weights. Countries are ISO codes, makers and models the catalogue's ids or any spelling."""

    not_from: list[str] = Field(default_factory=list[str])
    only_from: list[str] = Field(default_factory=list[str])
    not_made_by: list[str] = Field(default_factory=list[str])
    never: list[str] = Field(default_factory=list[str])
    only_licences: list[str] = Field(default_factory=list[str])
    unknown: Literal["report", "breach"] = "report"


class Hosts(_Table):
    """Rules for who serves models: hosts by the catalogue's ids or domains, countries by ISO codes."""

    only: list[str] = Field(default_factory=list[str])
    never: list[str] = Field(default_factory=list[str])
    not_in: list[str] = Field(default_factory=list[str])
    unknown: Literal["report", "breach"] = "report"


class Policy(_Table):
    """A policy file: tables ``[models]`` and ``[hosts]``."""

    models: Models = Field(default_factory=Models)
    hosts: Hosts = Field(default_factory=Hosts)


@dataclass(frozen=True, slots=True)
class Breach:
    """One hit against one rule. ``decided`` is False where the catalogue does not know what the rule asks for."""

    rule: str
    hit: Hit
    why: str
    decided: bool
    accepted: bool = False

    @property
    def fingerprint(self) -> str:
        """Stays the same when lines move: rule, repository, file, kind and name."""
        parts = (self.rule, self.hit.repository, self.hit.file, self.hit.kind, self.hit.name)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def read(path: Path, book: Catalog) -> Policy:
    """Reads a policy. DataError names the field that is wrong, and makers, models or hosts that the catalogue does
    not know."""
    try:
        policy = Policy.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a policy: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path}: {field}: {first['msg']}; the rules are named in docs/inventory.md") from error
    for name, values, known in (
        ("models.not_made_by", policy.models.not_made_by, book.maker_named),
        ("models.never", policy.models.never, book.find),
        ("hosts.only", policy.hosts.only, lambda one: _host_id(one, book)),
        ("hosts.never", policy.hosts.never, lambda one: _host_id(one, book)),
    ):
        for value in values:
            if known(value) is None:
                raise DataError(
                    f"{path}: {name}: the catalogue does not know '{value}'; mend the name or add a row with --catalog"
                )
    for name, values in (
        ("models.not_from", policy.models.not_from),
        ("models.only_from", policy.models.only_from),
        ("hosts.not_in", policy.hosts.not_in),
    ):
        for value in values:
            if len(value) != 2 or not value.isalpha() or value != value.upper():
                raise DataError(f"{path}: {name}: '{value}' is no country code; write two capitals, such as CN")
    return policy


def breaches(hits: list[Hit], policy: Policy, book: Catalog, accepted: frozenset[str] = frozenset()) -> list[Breach]:
    """Every breach and every undecided rule among the counted ``hits``, those of the baseline marked as accepted."""
    found: list[Breach] = []
    for hit in hits:
        if hit.counted and hit.kind in ("model", "weights"):
            found += _of_model(hit, policy.models, book)
        if hit.counted and (hit.kind == "host" or hit.host):
            found += _of_host(hit, policy.hosts, book)
    return [Breach(b.rule, b.hit, b.why, b.decided, b.fingerprint in accepted) for b in found]


def _of_model(hit: Hit, rules: Models, book: Catalog) -> list[Breach]:
    found: list[Breach] = []
    forced = rules.unknown == "breach"
    base_maker = _maker_of(hit.derived_from, book)
    countries = {hit.country, book.makers[base_maker].country if base_maker else None} - {None}
    known = hit.country is not None

    def add(rule: str, why: str, decided: bool = True) -> None:
        found.append(Breach(rule, hit, why, decided or forced))

    if rules.not_from:
        bad = sorted(set(rules.not_from) & {str(country) for country in countries})
        if bad:
            whose = hit.maker_name or f"somebody, on the base of {hit.derived_from}"
            add("models.not_from", f"{hit.name} is made by {whose} ({', '.join(bad)})")
        elif not known:
            add("models.not_from", f"who made {hit.name} is not known", False)
    if rules.only_from:
        if not known:
            add("models.only_from", f"who made {hit.name} is not known", False)
        elif hit.country not in rules.only_from:
            add("models.only_from", f"{hit.name} is from {hit.country}")
    banned = {book.maker_named(name) for name in rules.not_made_by}
    if banned and {hit.maker, base_maker} & banned - {None}:
        add("models.not_made_by", f"{hit.name} is made by {hit.maker_name or base_maker}")
    elif banned and hit.maker is None:
        add("models.not_made_by", f"who made {hit.name} is not known", False)
    never = {match.model or match.family for name in rules.never if (match := book.find(name))}
    if never & ({hit.model, hit.family, hit.derived_from} - {None}):
        add("models.never", f"{hit.name} is named in the policy")
    if rules.only_licences:
        allowed = {licence.casefold() for licence in rules.only_licences}
        if not hit.licence:
            add("models.only_licences", f"the licence of {hit.name} is not known", False)
        elif hit.licence.casefold() not in allowed:
            add("models.only_licences", f"{hit.name} is under {hit.licence}")
    return found


def _of_host(hit: Hit, rules: Hosts, book: Catalog) -> list[Breach]:
    found: list[Breach] = []
    only = {_host_id(name, book) for name in rules.only}
    if only and hit.host not in only:
        found.append(Breach("hosts.only", hit, f"served by {hit.host}", True))
    if hit.host in {_host_id(name, book) for name in rules.never}:
        found.append(Breach("hosts.never", hit, f"served by {hit.host}", True))
    if rules.not_in and hit.host_country in rules.not_in:
        found.append(Breach("hosts.not_in", hit, f"{hit.host} is in {hit.host_country}", True))
    elif rules.not_in and hit.host_country is None:
        found.append(Breach("hosts.not_in", hit, f"the country of {hit.host} is not known", rules.unknown == "breach"))
    return found


def _maker_of(base: str | None, book: Catalog) -> str | None:
    if not base:
        return None
    if base in book.models:
        return book.models[base].maker
    if base in book.families:
        return book.families[base].maker
    match = book.find(base)
    return match.maker if match else None


def _host_id(name: str, book: Catalog) -> str | None:
    if any(host.id == name for host in book.facts.hosts):
        return name
    host = book.host_of(name)
    return host.id if host else None


def read_baseline(path: Path) -> frozenset[str]:
    """Fingerprints that are accepted. DataError where the file is no baseline."""
    try:
        table: Any = json.loads(path.read_text("utf-8"))
        return frozenset(str(row["fingerprint"]) for row in table["accepted"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: is no baseline ({error}); write one with --write-baseline") from error


def write_baseline(path: Path, found: list[Breach]) -> int:
    """Writes the decided breaches as accepted; gives how many."""
    rows = {
        b.fingerprint: {"fingerprint": b.fingerprint, "rule": b.rule, "file": b.hit.file, "name": b.hit.name}
        for b in found
        if b.decided
    }
    beside = path.with_name(path.name + ".part")
    beside.write_text(json.dumps({"accepted": list(rows.values())}, ensure_ascii=False, indent=1) + "\n", "utf-8")
    beside.replace(path)
    return len(rows)
