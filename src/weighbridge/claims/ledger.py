"""What was claimed, by whom, when, with which figures, and how is it computed again?

The ledger's form and its reading. Every mistake in a file is one error that names the file, the claim, the field and
the mend: a claim that is half understood must not be judged.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from weighbridge.errors import DataError

LEDGER = Path(__file__).with_name("ledger")
Kind = Literal["measurement", "estimate", "study"]


class Strict(BaseModel):
    """No unknown fields: a misspelt one must not be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(Strict):
    """One published figure. Tested as ``value`` with its ``digits`` after the point, as a bound, or not at all.

    ``name`` is what the recomputing function calls it. Without a value or a bound it is shown and not tested. A
    ``supporting`` figure is not what is claimed (the two scores behind a gap, on a board that is computed anew every
    few days): it is tested and shown, and does not decide the verdict.
    """

    name: str = Field(min_length=1)
    text: str = Field(min_length=1)
    value: float | None = None
    digits: int | None = Field(default=None, ge=-12, le=9)
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    supporting: bool = False

    @model_validator(mode="after")
    def _one_test(self) -> Figure:
        tests = [name for name in ("value", "at_least", "at_most") if getattr(self, name) is not None]
        if len(tests) > 1:
            raise ValueError(f"'{self.name}' has {' and '.join(tests)}: keep one")
        if (self.value is None) != (self.digits is None):
            raise ValueError(f"'{self.name}' needs value and digits together: digits after the point as published")
        return self


class Claim(Strict):
    """One claim. ``recompute`` is ``module.function`` of ``recompute/``; else ``missing`` must say what is."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    short: str = ""
    """A few words for a list of contents; the id where it is left out."""
    claim: str = Field(min_length=1)
    publisher: str = Field(min_length=1)
    published_on: str = Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    source: str = Field(min_length=1)
    figures: tuple[Figure, ...] = Field(min_length=1)
    definition: str = Field(min_length=1)
    data: tuple[str, ...] = ()
    recompute: str | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    command: str = ""
    missing: str = ""
    why: str = Field(min_length=1)
    in_fairness: str = ""

    @model_validator(mode="after")
    def _computable_or_said(self) -> Claim:
        if self.recompute is None and not self.missing:
            raise ValueError("a claim without `recompute` needs `missing`: say what would be needed to check it")
        if self.recompute is None and self.arguments:
            raise ValueError("`arguments` without `recompute`: name the function they are for")
        names = [figure.name for figure in self.figures]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two figures are named '{twice[0]}'; give each its own name")
        return self


def shipped() -> list[Claim]:
    """Every claim of the ledger that comes with Weighbridge, in the order of the files' names."""
    return [claim for path in sorted(LEDGER.glob("*.toml")) for claim in user_file(path)]


def user_file(path: Path) -> list[Claim]:
    """The claims of one TOML file: one claim at the top, or several as ``[[claim]]``.

    Raises:
        DataError: the file is missing, no TOML, or a claim is incomplete; names the claim and the field.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; give a ledger in TOML") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: cannot be read as TOML ({error})") from None
    tables = raw.get("claim")
    several = isinstance(tables, list)
    if several and set(raw) != {"claim"}:
        raise DataError(
            f"{path}: stands beside [[claim]]: {', '.join(sorted(set(raw) - {'claim'}))}; move it into a claim"
        )
    found: list[Claim] = []
    for at, table in enumerate(tables if several else [raw], start=1):
        named = table.get("id", f"number {at}") if isinstance(table, dict) else f"number {at}"
        try:
            found.append(Claim.model_validate(table))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "claim"
            said = first["msg"].removeprefix("Value error, ")
            more = f" (and {len(error.errors()) - 1} more)" if len(error.errors()) > 1 else ""
            raise DataError(f"{path}, claim {named}, {where}: {said}{more}") from None
    if not found:
        raise DataError(f"{path}: holds no claim; write at least one [[claim]]")
    return found


def together(*ledgers: list[Claim]) -> list[Claim]:
    """Several ledgers as one. Raises ``DataError`` for an id that stands there twice."""
    claims = [claim for ledger in ledgers for claim in ledger]
    ids = [claim.id for claim in claims]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise DataError(f"two claims have the id '{twice[0]}'; give yours another one")
    return claims
