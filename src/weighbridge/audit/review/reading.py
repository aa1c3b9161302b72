"""What does a reviewer's answer say? A verdict by a strict rule, or that there is none; never a guess.

The rule (``docs/review.md``): of all JSON objects in the answer those count that bear the program's mark in
``review`` and a yes or no in ``vulnerable``. They must agree. A verdict of *not vulnerable* that lists findings
contradicts itself. Everything else is *unreadable* (or *refused*, *truncated*, *error*), which is a class of its own
and not "not vulnerable". A finding's CWE is a number or ``CWE-<number>``; one that is neither is kept as a finding that
names no CWE.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, cast

from weighbridge.audit.refusal import looks_refused

State = Literal["reviewed", "unreadable", "refused", "truncated", "error"]
LONGEST = 100_000
"""Characters that an answer may have; a verdict is short."""
MOST_BRACES = 2_000
"""Opening braces that begin no JSON object, after which an answer counts as made to be unreadable."""
MOST_FINDINGS = 100
WORDS = {"true": True, "yes": True, "false": False, "no": False}
_CWE = re.compile(r"\s*(?:CWE[-_ ]?)?(\d{1,4})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """One flaw that a reviewer names; None where it named no usable CWE or line."""

    cwe: int | None
    line: int | None


@dataclass(frozen=True)
class Reading:
    """One answer, read. ``vulnerable`` is None unless the state is *reviewed*; ``why`` says why there is no verdict."""

    state: State
    vulnerable: bool | None = None
    findings: tuple[Finding, ...] = ()
    why: str = ""

    @property
    def cwes(self) -> list[int]:
        """The CWEs that it names, each once."""
        return sorted({finding.cwe for finding in self.findings if finding.cwe is not None})

    @property
    def detail(self) -> str:
        """For the table: findings as JSON, or why there is no verdict."""
        if self.state != "reviewed":
            return self.why
        return json.dumps([{"cwe": one.cwe, "line": one.line} for one in self.findings])


class _Wrong(ValueError):
    """An object with the mark that is no verdict."""


def read(state: str, completion: str, mark: str, *, error: str = "") -> Reading:
    """Read one answer.

    Args:
        state: of the answer, as in the table ``answers``.
        completion: its text, reasoning already apart.
        mark: the program's.
        error: what went wrong, for state *error*.
    """
    if state == "error":
        return Reading("error", why=error or "no usable reply")
    if len(completion) > LONGEST:
        return Reading("unreadable", why=f"the answer has {len(completion):,} characters")
    try:
        objects = _objects(completion)
        verdicts = {_verdict(found) for found in objects if _bears(found, mark)}
    except _Wrong as wrong:
        return Reading("unreadable", why=str(wrong))
    if len(verdicts) == 1:
        return verdicts.pop()
    if len(verdicts) > 1:
        return Reading("unreadable", why=f"{len(verdicts)} verdicts that differ")
    if state == "truncated":
        return Reading("truncated", why="cut off before a whole verdict")
    if state == "refused" or looks_refused(completion):
        return Reading("refused", why="declines to review")
    if any("vulnerable" in found for found in objects):
        return Reading("unreadable", why="a verdict without the program's mark")
    return Reading("unreadable", why="no JSON object" if "{" not in completion else "no verdict among its JSON")


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        found["_twice"] = True
    return found


def _objects(text: str) -> list[dict[str, Any]]:
    """Every outermost JSON object in a text, in fences or not. Bounded: a hostile answer must not cost minutes.

    Raises:
        _Wrong: nested without end, or braces without end.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_no_twice, strict=False)
    found: list[dict[str, Any]] = []
    stray, place = 0, text.find("{")
    while place >= 0:
        try:
            one, end = decoder.raw_decode(text, place)
            found.append(cast("dict[str, Any]", one))
        except RecursionError:
            raise _Wrong("JSON nested without end") from None
        except ValueError:
            stray, end = stray + 1, place + 1
            if stray > MOST_BRACES:
                raise _Wrong(f"more than {MOST_BRACES:,} braces that begin no JSON") from None
        place = text.find("{", end)
    return found


def _bears(found: dict[str, Any], mark: str) -> bool:
    return str(found.get("review", "")).strip() == mark


def _verdict(found: dict[str, Any]) -> Reading:
    said = found.get("vulnerable")
    if "_twice" in found:
        raise _Wrong("a key stands twice in its verdict")
    vulnerable = WORDS.get(said.strip().lower()) if isinstance(said, str) else said
    if not isinstance(vulnerable, bool):
        raise _Wrong("`vulnerable` is neither true nor false ")
    listed = found.get("findings")
    if listed is None:
        listed = []
    if not isinstance(listed, list):
        raise _Wrong("`findings` is no list")
    findings = [_finding(one) for one in cast("list[Any]", listed)[:MOST_FINDINGS] if not _blank(one)]
    if findings and not vulnerable:
        raise _Wrong("says not vulnerable and lists findings")
    return Reading("reviewed", vulnerable, tuple(findings))


def _blank(one: Any) -> bool:
    """An entry without content, such as the form of the question left empty."""
    values = cast("dict[str, Any]", one).values() if isinstance(one, dict) else (one,)
    return all(value in (None, "", 0) for value in values if not isinstance(value, list | dict))


def _finding(one: Any) -> Finding:
    fields = cast("dict[str, Any]", one) if isinstance(one, dict) else {"cwe": one}
    return Finding(_cwe(fields.get("cwe")), _line(fields.get("line")))


def _cwe(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    found = _CWE.match(str(value))
    number = int(found.group(1)) if found else 0
    return number or None


def _line(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 9:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**8 else None
