"""Which part of an answer's text is the model thinking aloud? That part is never scanned, judged or taken as answer.

Endpoints give reasoning in a field of its own or leave it in the text between ``<think>`` tags. ``ask`` and ``extract``
call ``split_reasoning`` on the text; ``docs/extraction.md`` states the rule.
"""

import re
from typing import NamedTuple

_NAMES = r"(?:(?:seed:)?think(?:ing)?|thought|reasoning)"
# A tag with a quotation mark, a backtick or a bracket right after it is spoken of, not used; a fence may follow.
_TAG = re.compile(
    rf"(?:<(?P<close>/)?{_NAMES}>|\[(?P<close2>/)?THINK\]|◁(?P<close3>/)?think▷)(?![\"'\\)|]|`(?!``))", re.IGNORECASE
)
_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)", re.MULTILINE)


class Split(NamedTuple):
    """An answer's text without its reasoning, and the reasoning (empty: there is none)."""

    answer: str
    reasoning: str


def split_reasoning(text: str) -> Split:
    """Separates reasoning between tags from the answer, in one pass.

    A closed pair is taken out with what is between (pairs may nest). A closing tag without an opening one ends
    reasoning that began with the text: chat templates put the opening tag into the prompt. An opening tag that is never
    closed has no answer after it. An opening tag counts at the beginning of a line and outside of code blocks; inside
    of one, a closing tag counts where it is alone on its line.
    """
    answer: list[str] = []
    reasoning: list[str] = []
    depth, at, looked, in_fence = 0, 0, 0, False
    for tag in _TAG.finditer(text):
        if depth == 0:
            in_fence ^= sum(1 for _ in _FENCE.finditer(text, looked, tag.start())) % 2 == 1
            looked = tag.start()
        if tag["close"] or tag["close2"] or tag["close3"]:
            if depth == 0 and in_fence and not (_begins_line(text, tag) and _ends_line(text, tag)):
                continue
            if depth == 0:  # all so far was reasoning
                reasoning += [*answer, text[at : tag.start()]]
                answer, in_fence = [], False
            else:
                reasoning.append(text[at : tag.start()])
                depth -= 1
        else:
            if not _begins_line(text, tag) or (depth == 0 and in_fence):
                continue
            (reasoning if depth else answer).append(text[at : tag.start()])
            depth += 1
        at = looked = tag.end()
    (reasoning if depth else answer).append(text[at:])
    return Split("".join(answer), "".join(reasoning).strip())


_LOOK = 200  # characters: a line of spaces longer than this is nobody's line


def _begins_line(text: str, tag: re.Match[str]) -> bool:
    before = text[max(0, tag.start() - _LOOK) : tag.start()]
    line = before.rpartition("\n")[2]
    return not line.strip() and ("\n" in before or tag.start() <= _LOOK)


def _ends_line(text: str, tag: re.Match[str]) -> bool:
    after = text[tag.end() : tag.end() + _LOOK]
    line = after.partition("\n")[0]
    return not line.strip()
