"""Which program does a collected text hold? A program stays as it is; from a raw answer it is extracted, by rule.

Sources give programs (field ``code``) or raw answers (``answer``). Some give programs and, where their own search found
none, the whole raw answer in the same column: with fences, reasoning, or the XML elements that were asked for. Such a
text is recognised by how it begins and treated as an answer. ``docs/import.md`` states the rule.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import NamedTuple

import polars as pl

from weighbridge.audit.extract import Extraction, Rule, extract
from weighbridge.audit.fences import blocks
from weighbridge.audit.languages import language_of
from weighbridge.audit.reasoning import split_reasoning
from weighbridge.audit.refusal import looks_refused
from weighbridge.audit.unfenced import runs

SISTERS = {"cpp": "c", "c": "cpp", "javascript": "typescript", "typescript": "javascript"}
"""A block that is tagged as the one may be the program in the other."""
AS_GIVEN = "as given"
XML = "6 XML element"
NO_PROGRAM_IN = frozenset({"", "shell", "python-session", "markup", "data", "markdown"})
"""Languages of code blocks that hold no program."""
SUSPECT = (
    r"(?im)^\s*(?:```|~~~)|</?(?:seed:)?(?:think|thought|reasoning)|\[/?THINK\]|◁/?think|\A\s*<[a-z_]+>|\A[^\pL]*\z"
)
"""Whatever may be more than a program; a closer look decides."""
_ENVELOPE = re.compile(r"\s*(?:(?:```+|~~~+)\w*\s*\n)?\s*<[A-Za-z_]+>")
_CDATA = re.compile(r"<\s*!\[CDATA\[")
_LETTER = re.compile(r"[^\W\d_]")
_BEGINS_ELEMENT = re.compile(r"<[A-Za-z_]+>")


class Found(NamedTuple):
    """What a text holds: ``state`` and ``extraction`` as in ``store.schemas.COLLECTED``; ``text``: the program."""

    state: str
    text: str | None
    extraction: str
    language: str


def read(texts: pl.DataFrame, field: str, limit: int) -> pl.DataFrame:
    """The programs of a batch.

    Args:
        texts: the columns ``text`` and ``language`` ('' where it is not known).
        field: ``code`` or ``answer``.
        limit: bytes of the largest text that is kept.

    Returns:
        A row each, in order: state, text (null: no program), extraction, language, program (SHA-256), digest (of
        the whole cell).
    """
    text = pl.col("text")
    classed = texts.with_columns(
        state=pl.when(text.is_null() | (text.str.strip_chars() == ""))
        .then(pl.lit("empty"))
        .when(text.str.contains("\x00", literal=True))
        .then(pl.lit("not text"))
        .when(text.str.len_bytes() > limit)
        .then(pl.lit("too large"))
        .otherwise(pl.lit("program")),
        closer=pl.lit(True) if field == "answer" else text.str.contains(SUSPECT),
    )
    found: list[Found] = []
    digests: list[str] = []
    for cell, language, state, closer in classed.select("text", "language", "state", "closer").iter_rows():
        digests.append(hashlib.sha256((cell or "").encode()).hexdigest())
        if state != "program":
            size = f": {len(cell.encode()):,} bytes" if state == "too large" else ""
            found.append(Found(state, None, f"none{size}", language))
        elif closer:
            found.append(program_of(cell, language, raw=field == "answer"))
        else:
            found.append(Found("program", cell, AS_GIVEN, language))
    frame = pl.DataFrame(found, schema=dict.fromkeys(Found._fields, pl.String), orient="row")
    programs = [None if one.text is None else hashlib.sha256(one.text.encode()).hexdigest() for one in found]
    return frame.with_columns(pl.Series("program", programs, pl.String), pl.Series("digest", digests, pl.String))


def program_of(text: str, language: str, *, raw: bool) -> Found:
    """The program in one text. ``raw``: it is an answer; otherwise that is found out."""
    if not raw and not is_answer(text, language):
        return (
            Found("program", text, AS_GIVEN, language)
            if _says_something(text)
            else _none(text, Rule.NO_PROGRAM, language)
        )
    split = split_reasoning(text)
    removed = "; reasoning removed" if split.reasoning else ""
    inside = _element(split.answer)
    language = language or language_in(split.answer if inside is None else inside)
    if inside is None or _fenced(inside):
        found, language = _extracted(text if inside is None else inside, language)
        if found.program is not None:
            return Found("program", found.program, "; ".join([str(found.rule), *found.notes]), language)
        inside = _in_xml_block(split.answer) if inside is None else inside
    if inside is None or not _says_something(inside):
        return _none(text, Rule.NO_PROGRAM + removed, language)
    return Found("program", inside.strip("\r\n") + "\n", XML + removed, language)


def _extracted(text: str, language: str) -> tuple[Extraction, str]:
    """The extraction, and the language; of an answer that names none, the one in which there is a program."""
    first = extract(text, language=language or "python")
    sister = SISTERS.get(language, "")
    if first.program is None and sister:
        second = extract(text, language=sister)
        return (second if second.program is not None else first), language
    if language or first.program is not None:
        return first, language or "python"
    plain = extract(text, language="")
    if plain.program is not None:
        return plain, ""
    for name in ("go", "c", "javascript"):
        found = extract(text, language=name)
        if found.program is not None:
            return found, name
    return plain, ""


def _none(text: str, words: str, language: str) -> Found:
    declines = "; reads as a refusal" if looks_refused(text) else ""
    return Found("no program", None, words + declines, language)


def _says_something(text: str) -> bool:
    """Whether any letter is left when XML comments are taken out."""
    at = 0
    while (opens := text.find("<!--", at)) >= 0:
        if _LETTER.search(text, at, opens):
            return True
        closes = text.find("-->", opens)
        if closes < 0:
            return False
        at = closes
    return bool(_LETTER.search(text, at))


def is_answer(text: str, language: str) -> bool:
    """Whether a text that is said to be a program is a whole raw answer.

    It is where it begins with a fence or an XML element, where it holds reasoning between tags, and where there are
    fences in it and it does not begin as a program does (a docstring may hold fences).
    """
    begin = text.lstrip()
    if begin.startswith(("```", "~~~")) or split_reasoning(text).answer != text:
        return True
    if language != "markup" and _BEGINS_ELEMENT.match(begin):
        return True
    return _fenced(text) and not _begins_like_code(text, language)


def _fenced(text: str) -> bool:
    return bool(re.search(r"^[ \t]*(?:```|~~~)", text, re.MULTILINE))


def _begins_like_code(text: str, language: str) -> bool:
    lines = text.replace("\r\n", "\n").split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if language in ("python", ""):
        code = runs(lines)
        if code and code[0].first <= first:
            return True
    begins = [language_of(language).begins] if language else [language_of(name).begins for name in ("go", "c", "js")]
    opening = lines[first].lstrip()[:500]
    return opening.startswith(("//", "/*", "#!")) or any(one and re.match(one, opening) for one in begins)


def _element(answer: str) -> str | None:
    """What stands in ``<code>`` (or ``<fixed_code>`` …), through ``<content>`` and CDATA, where an answer begins with
    an XML element, perhaps in a fence. From the first opening tag to the last closing one: a page of HTML that the
    program writes may have tags of that name."""
    if not _ENVELOPE.match(answer):
        return None
    inside = answer
    for ending in ("code", "content"):
        inner = _between(inside, ending)
        inside = inside if inner is None else inner
    if inside is answer:
        return None
    opens, closes = _CDATA.search(inside), inside.rfind("]]>")
    return inside[opens.end() : closes] if opens and closes > opens.end() else inside


def _in_xml_block(answer: str) -> str | None:
    """What stands in an answer's last code block that is tagged ``xml``: inside its element, or the block as it is."""
    for block in reversed(blocks(answer.split("\n"))):
        if block.tag == "xml":
            inside = _element(block.text)
            if inside is not None or not _BEGINS_ELEMENT.match(block.text.lstrip()):
                return block.text if inside is None else inside
    return None


def _between(text: str, ending: str) -> str | None:
    opening = re.search(rf"<(\w{{0,30}}{ending})>", text)
    if opening is None:
        return None
    closes = text.rfind(f"</{opening[1]}>")
    return text[opening.end() : closes] if closes >= opening.end() else None


def language_in(answer: str) -> str:
    """The language of most lines in an answer's code blocks, by their tags; '' where none says."""
    lines: Counter[str] = Counter()
    for block in blocks(answer.split("\n")):
        name = language_of(block.tag).name
        if name not in NO_PROGRAM_IN:
            lines[name] += block.text.count("\n") + 1
    return lines.most_common(1)[0][0] if lines else ""
