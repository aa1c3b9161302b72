"""Where are the code blocks of an answer? Markdown as models really write it, read line by line in one pass.

Beyond CommonMark: fences may be indented or stand behind a list mark or a sentence, a block that opens inside an
unclosed one ends it (the closing fence was forgotten), and a Markdown block may hold blocks of its own. The block of
``fences`` is the raw material of ``extract``.
"""

import re
from dataclasses import dataclass

_OPEN = re.compile(r"^(?P<before>[ \t]*(?:(?:[-*+]|\d{1,3}[.)]|>)[ \t]+)?)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)$")
_OPEN_BEHIND_SENTENCE = re.compile(r"(?P<fence>`{3,})(?P<info>[A-Za-z][\w+#.-]{0,20})[ \t]*$")
_WORD = re.compile(r"[^\s:,;{}=\"']+")
_HOLDS_BLOCKS = {"markdown", "md", "mdx"}


# No answer that anybody asked for has more; a text made of fences alone must not stall a run.
_BLOCKS_AT_MOST = 2_000


@dataclass(frozen=True)
class Block:
    """A code block. ``tag``: the first word after the fence, lower case, empty where there is none. ``first`` and
    ``end``: its lines in the text, counted from 0, ``end`` not included. ``closed``: whether a fence closes
    it; False where the text, or the next block, begins before that."""

    tag: str
    text: str
    first: int
    end: int
    closed: bool


@dataclass
class _Open:
    mark: str
    length: int
    tag: str
    indent: int
    first: int


def blocks(lines: list[str]) -> list[Block]:
    """The first 2,000 blocks of a text given as lines (without line ends). Linear in the text's length."""
    found: list[Block] = []
    outer: _Open | None = None  # a Markdown block around others
    block: _Open | None = None
    for number, line in enumerate(lines):
        if "```" not in line and "~~~" not in line:
            continue
        opening = _OPEN.match(line)
        if block is None:
            if opening is None:
                if sentence := _opens_behind_sentence(line):
                    block = _Open("`", len(sentence["fence"]), _tag(sentence["info"]), 0, number + 1)
                continue
            started = _started(opening, number)
            if outer is not None and not started.tag and started.mark == outer.mark and started.length >= outer.length:
                outer = None
            elif started.tag in _HOLDS_BLOCKS and outer is None:
                outer = started
            else:
                block = started
            continue
        if opening is None or opening["fence"][0] != block.mark or len(opening["fence"]) < block.length:
            continue
        # A fence with a tag cannot close: the closing one was forgotten, and this is the next block.
        next_block = _started(opening, number) if opening["info"].strip() else None
        found.append(_block(block, lines, number, closed=next_block is None))
        block = next_block
        if len(found) == _BLOCKS_AT_MOST:
            return found
    if block is not None:
        found.append(_block(block, lines, len(lines), closed=False))
    return found


def _opens_behind_sentence(line: str) -> re.Match[str] | None:
    at = line.rfind("```")
    while at > 0 and line[at - 1] == "`":
        at -= 1
    return _OPEN_BEHIND_SENTENCE.fullmatch(line, at) if at > 0 and line.count("```") == 1 else None


def _started(opening: re.Match[str], number: int) -> _Open:
    fence = opening["fence"]
    return _Open(fence[0], len(fence), _tag(opening["info"]), len(opening["before"]), number + 1)


def _tag(info: str) -> str:
    word = _WORD.search(info)
    return word[0].lower().lstrip(".") if word else ""


def _block(block: _Open, lines: list[str], end: int, *, closed: bool) -> Block:
    inner = lines[block.first : end]
    if block.indent:
        inner = [line[min(block.indent, len(line) - len(line.lstrip(" \t"))) :] for line in inner]
    return Block(block.tag, "\n".join(inner), block.first, end, closed)
