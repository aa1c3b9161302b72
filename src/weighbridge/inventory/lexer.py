"""Which strings stand in this code, and under which name? Strings are told from comments and prose, in any language.

One regular expression a language finds comments and strings in order, so that a quote in a comment or a comment sign in
a string is not mistaken; where a string stands is asked of RE2, which is as quick on any text. Nothing is parsed
into a tree: code that is broken, hostile or nested ten thousand deep costs what any other code costs, because each
alternative consumes what it matched to the end of the file at worst. ``languages.toml`` says what comments and strings
look like.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import re2

from weighbridge.inventory.hits import Mention, Role, Wanted

LOOK_BACK = 160
"""Characters before a string in which its name is looked for."""

LOOK_AHEAD = 120

_STRINGS = {
    "double": r'(?:[rbfuRBFU@$L]{0,2})"((?:[^"\\\n]|\\.)*)"',
    "single": r"(?:[rbfuRBFU]{0,2})'((?:[^'\\\n]|\\.)*)'",
    "backtick": r"`((?:[^`\\]|\\[\s\S])*)(?:`|\Z)",
    "raw backtick": r"`([^`]*)(?:`|\Z)",
    "triple double": r'(?:[rbfuRBFU]{0,2})"""([\s\S]*?)(?:"""|\Z)',
    "triple single": r"(?:[rbfuRBFU]{0,2})'''([\s\S]*?)(?:'''|\Z)",
    "long bracket": r"\[\[([\s\S]*?)(?:\]\]|\Z)",
    "character": r"'(?:[^'\\\n]|\\.)'",
    "doubled single": r"'((?:[^'\n]|'')*)'",
}

_KEYED = re2.compile(
    r"([A-Za-z_$][\w.\-$]*)\??!?[\"']?\]?\s*(?::\s*[A-Za-z_][\w\[\]., |<>?]{0,40})?\s*(?::=|=>|=|:)\s*[\[({]*\s*$"
)
_PREVIOUS = re2.compile(
    r"[\"'`](?:([\w.\-]{1,60})[\"'`]\s*[\])]?\s*(?:=>|[:=])"
    r"|([A-Z][A-Z0-9_]{2,60}|--?[a-z][\w\-]{1,40}|pull|serve|download|run)[\"'`]\s*,)\s*[\[({]*\s*$"
)
_CALLED = re2.compile(r"([A-Za-z_$][\w.$:]*?)(?:<[\w., ]{1,40}>)?!?\s*\(\s*(?:&|new\s+)?$")
_DEFAULTED = re2.compile(
    r"([A-Za-z_$][\w.\-$]*)[\"']?\]?\s*(?::=|=|:)\s*[^=;\"'`]{0,90}(?:\bor\b|\|\||\?\?|\?:|\?|:|\belse\b)\s*$"
)
_UNDER = re2.compile(
    r"([A-Za-z_$][\w.\-$]*)[\"']?\]?\s*(?::\s*[A-Za-z_][\w\[\]., |<>?]{0,40})?(?:=>|=|:)\s*[\[({]\s*"
    r"(?:[rbf]?[\"'`][^\"'`\n]*[\"'`]\s*,\s*)+[rbf]?$"
)
_GOT = re2.compile(r"(?:get\w*|pop|setdefault)\s*\([^()\"']*[\"']([\w.\-]{1,60})[\"']\s*,\s*$")
_LATER = re2.compile(r"([A-Za-z_$][\w.$:]*)\s*\([^()\"'`=;{}]{1,80},\s*$")
_COMPARED = re2.compile(
    r"(?i)(?:[=!]==?|\bin\s*[\[({]|\bcase|\bis|(?:starts|ends)_?with\s*\(|includes\s*\(|contains\s*\(|Has(?:Prefix|Suffix)\s*\([^()]*,|\bequals\s*\(|\bmatch(?:es)?\s*\(|indexOf\s*\()\s*(?:\(\s*)?$"
)
_COMPARED_AFTER = re.compile(r"\s*(?:[=!]==?|in\b|not in\b|\.equals)")
_AS_KEY = re.compile(r"\s*\]?\s*(?::(?!:)|=>)\s*(?=[\d\[{(\"'A-Za-z-])")
_LISTED = re2.compile(
    r"(?i)(?:[^|]\|\s*"
    r"|\b(?:Literal|examples?\s*=)\s*\[[^\]]*"
    r"|\bin\s*[\[({]\s*(?:[rbf]?[\"'][^\"'\n]*[\"']\s*,\s*)+"
    r"|\b(?:count|len|num)_?tokens\w*\s*\((?:[^()]|\([^()]*\))*"
    r"|\breplace(?:_?all)?\s*\([^()]*)$"
)
_SEARCHED = re2.compile(
    r"^\s*(?:,\s*[\"'`][^\"'`]*[\"'`]\s*)*,?\s*\]\s*\)?\s*\.(?:includes|some|has|find|indexOf|test|any|contains)\b"
)
_SPREAD = re2.compile(r"\.\.\.\[(?:\s*[\"'`][^\"'`]*[\"'`]\s*,)*\s*$")
_OR_TYPE = re.compile(r"\s*\|(?!\|)")
_ROW = re.compile(r"(?:^|[\[({,=\n])\s*[(\[]\s*$")
_LIMIT = re.compile(r"\s*,\s*-?\d[\d_.]*k?\s*[,)\]]")
_IMPORTED = re2.compile(r"(?:\bfrom|\brequire\s*\(|\bimport\s*\(?|\buse)\s*$")
_KEY = re.compile(r"[\"'][a-z_]{1,40}[\"']", re.IGNORECASE)
_STATEMENT = re.compile(r"(?:^|(?<![(\[{,=+\\])[ \t]*\n)[ \t]*$")


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes comments and strings; ``docstrings``: a string that stands alone is prose."""

    name: str
    suffixes: tuple[str, ...]
    pattern: re.Pattern[str]
    docstrings: bool


@cache
def languages() -> dict[str, Language]:
    """Languages by suffix, from ``languages.toml``."""
    table = tomllib.loads((Path(__file__).parent / "languages.toml").read_text("utf-8"))
    found: dict[str, Language] = {}
    for row in table["language"]:
        comments = [rf"{re.escape(sign)}[^\n]*" for sign in row.get("line", [])]
        comments += [rf"{re.escape(a)}[\s\S]*?(?:{re.escape(b)}|\Z)" for a, b in row.get("block", [])]
        pattern = "|".join([*comments, *(_STRINGS[name] for name in row["strings"])])
        language = Language(row["name"], tuple(row["suffixes"]), re.compile(pattern), row.get("docstrings", False))
        found |= dict.fromkeys(language.suffixes, language)
    return found


def strings(code: str, language: Language, wanted: Wanted) -> Iterator[Mention]:
    """The strings of ``code`` that are neither comment nor docstring, each with the name it is set or passed under."""
    breaks: list[int] | None = None
    # What stands before a string is put together only for strings that are wanted: one in a hundred.
    last: re.Match[str] | None = None
    comments: list[re.Match[str]] = []
    # The name of a list holds for all of it, however long.
    held: tuple[str, Role] | None = None
    for found in language.pattern.finditer(code):
        if found.lastindex is None:
            # A comment: what stands before it is still what stands before the next string.
            comments.append(found)
            continue
        if held and last and _between(code, last.end(), found.start(), comments) != ",":
            held = None
        text = found.group(found.lastindex)
        if text and len(text) <= 20_000 and wanted(text):
            left = _before(code, found.start(), last, comments)
            if not (language.docstrings and _STATEMENT.search(re.sub(r"\n\s*\n", "\n", left))):
                if breaks is None:
                    breaks = [at.start() for at in re.finditer("\n", code)]
                key, role = standing(left, code[found.end() : found.end() + LOOK_AHEAD])
                if held and not key and role == "value":
                    key, role = held
                elif key:
                    held = key, role
                yield Mention(bisect_right(breaks, found.start()) + 1, text, key, role)
        last = found
        if comments:
            comments = []


def _between(code: str, start: int, end: int, comments: list[re.Match[str]]) -> str:
    pieces: list[str] = []
    for comment in comments:
        pieces.append(code[start : comment.start()])
        start = comment.end()
    return "".join([*pieces, code[start:end]]).strip()[:10]


def blanked(code: str, language: Language) -> str:
    """``code`` with comments and strings turned to spaces, every line where it was; keys of tables stay."""

    def blank(found: re.Match[str]) -> str:
        return found.group() if _KEY.fullmatch(found.group()) else re.sub(r"[^\n]", " ", found.group())

    return language.pattern.sub(blank, code)


def _before(code: str, start: int, last: re.Match[str] | None, comments: list[re.Match[str]]) -> str:
    """The text before ``start``, without comments, from the beginning of the string before it."""
    pieces = [code[max(0, last.start() - LOOK_BACK) : last.end()]] if last else []
    at = last.end() if last else 0
    for comment in comments:
        pieces.append(code[max(at, comment.start() - LOOK_BACK) : comment.start()])
        at = comment.end()
    return ("".join(pieces[-3:]) + code[max(at, start - LOOK_BACK) : start])[-LOOK_BACK:]


def standing(left: str, right: str) -> tuple[str, Role]:
    """The name under which a string stands, from the text on both sides, and whether it is set, compared or a key."""
    if _IMPORTED.search(left):
        return "", "sdk"
    role: Role = "value"
    if _COMPARED.search(left) or _COMPARED_AFTER.match(right):
        role = "weak"
    elif _LISTED.search(left) or _OR_TYPE.match(right) or _SEARCHED.search(right) or _SPREAD.search(left):
        # One of the strings that a type allows, or an example of what could be passed.
        role = "weak"
    elif _LIMIT.match(right) and _ROW.search(left):
        # A row of a table: (name, tokens it can read).
        role = "weak"
    if _AS_KEY.match(right) and re.search(r"[{,\[(\n]\s*$", left):
        return "", "weak"
    for pattern in (_PREVIOUS, _KEYED, _CALLED, _DEFAULTED, _GOT, _UNDER, _LATER):
        found = pattern.search(left)
        if found:
            return found.group(found.lastindex or 1), role
    return "", role
