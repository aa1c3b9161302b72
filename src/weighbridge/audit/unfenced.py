"""Where is the code in a Python answer that has no fences? Prose and code are told apart line by line.

Used by ``extract`` for answers without a code block, and for a block that was never closed and runs into prose. A line
is prose when it stands at the margin, is not inside a string or a bracket, and cannot be a line of Python. Nothing is
trimmed because it does not parse: a broken line of code stays code, so that a broken program stays broken.
"""

import re
from typing import NamedTuple

from weighbridge.audit.python_shape import parse

_BEGINS = re.compile(
    r"""(?:from[ ]+[\w.]+[ ]+import[ ]+[\w(*]
    |import[ ]+[\w.]+(?:[ ]+as[ ]+\w+)?(?:[ ]*,[ ]*[\w.]+(?:[ ]+as[ ]+\w+)?)*[ ]*(?:[#;].*)?$
    |(?:async[ ]+)?def[ ]+\w+[ ]*\(
    |class[ ]+\w+[ ]*[:(]
    |@\w[\w.]*[ ]*(?:\(.*|$)
    |if[ ]+__name__\b
    |\#!
    |\#[ ]*-\*-
    |[A-Za-z_]\w*+(?:\.\w++)*+[ ]*+(?::[ ]*+[A-Za-z][\w.\[\], |]*+)?+=(?!=)[ ]*+[^ ](?:.*[^.。])?$
    |(?:[rRbBfFuU]{0,2})(?:\"\"\"|'''))""",
    re.VERBOSE,
)
_GOES_ON = re.compile(
    r"[ \t]|[)\]}@#]|(?:else|finally|try)[ ]*:|(?:if|elif|for|while|with|except|match|case)\b.*:[ ]*(?:#.*)?$"
)
_TRIPLE = re.compile(r"\"\"\"|'''")
_STRINGS_AND_COMMENTS = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|\#.*")
_HEADING = re.compile(r"#{1,6}[ ]+\w")
# Beyond so many doubtful lines no answer is a program that anybody asked for; each costs one small parse.
_DOUBTFUL_LINES = 2_000
_LONGEST_LINE = 5_000
_RUNS_AT_MOST = 500


class Run(NamedTuple):
    """Lines ``first`` to ``end`` (not included) of the text are code; ``prose_follows``: something else comes after."""

    first: int
    end: int
    prose_follows: bool


def runs(lines: list[str]) -> list[Run]:
    """The stretches of code, each from a line that can only be code to the last before prose."""
    found: list[Run] = []
    start: int | None = None
    quote, depth, doubtful = "", 0, 0
    for number, line in enumerate(lines):
        if len(found) == _RUNS_AT_MOST:
            return found
        if start is None:
            if len(line) > _LONGEST_LINE or not _BEGINS.match(line):
                continue
            start, quote, depth = _with_comment_above(lines, number), "", 0
        elif line and not quote and depth <= 0 and not _GOES_ON.match(line) and not _BEGINS.match(line):
            doubtful += 1
            if doubtful > _DOUBTFUL_LINES or len(line) > _LONGEST_LINE or not _is_statement(line):
                found.append(Run(start, _without_tail(lines, start, number), True))
                start = None
                continue
        quote, depth = _after(line, quote, depth)
    if start is not None:
        found.append(Run(start, _without_tail(lines, start, len(lines)), False))
    return found


def _with_comment_above(lines: list[str], start: int) -> int:
    while start > 0 and lines[start - 1].startswith("# "):
        start -= 1
    return start


def _is_statement(line: str) -> bool:
    tree = parse(line)
    if tree is None:
        # The first line of a statement that goes on: an open bracket or a line joined by a backslash.
        return line.endswith(("(", "[", "{", "\\", ",")) and not re.match(r"[A-Z][a-z]+ ", line)
    # "Sorry" and "好的" are names to Python, and "yes, no" a tuple of them.
    return bool(re.search(r"[^\w\s,.]", line)) or line.split(" ")[0] in (
        "pass",
        "return",
        "raise",
        "break",
        "continue",
        "del",
    )


def _after(line: str, quote: str, depth: int) -> tuple[str, int]:
    """Whether the next line is inside a triple-quoted string, and how many brackets are open there."""
    outside: list[str] = []
    at = 0
    for mark in _TRIPLE.finditer(line):
        if not quote and "#" in _STRINGS_AND_COMMENTS.sub(
            lambda m: "#" if m[0][0] == "#" else "", line[at : mark.start()]
        ):
            break
        if not quote:
            outside.append(line[at : mark.start()])
            quote = mark[0]
        elif quote == mark[0]:
            quote = ""
        at = mark.end()
    if not quote:
        outside.append(line[at:])
    bare = _STRINGS_AND_COMMENTS.sub("", "".join(outside)) if len(line) <= _LONGEST_LINE else ""
    depth += sum(bare.count(c) for c in "([{") - sum(bare.count(c) for c in ")]}")
    return quote, max(depth, 0)


def _without_tail(lines: list[str], start: int, end: int) -> int:
    """Leaves out blank lines, and the Markdown heading of the prose that follows, from the end of a stretch."""
    while end > start:
        last_blank = not lines[end - 1].strip()
        heading = end < len(lines) and end - 1 > start and _HEADING.match(lines[end - 1]) and not lines[end - 2].strip()
        if not (last_blank or heading):
            break
        end -= 1
    return end
