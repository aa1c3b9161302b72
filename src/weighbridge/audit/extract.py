"""Which program does an answer hold? From an answer's text to the one program that is judged, by a rule in words.

Stands between ``ask`` and ``judge``. Pure: text in, ``Extraction`` out; nothing is run and nothing is repaired. The
rule is stated, with its reasons, in ``docs/extraction.md``; the number of the rule that applied is in the result.
"""

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from weighbridge.audit.fences import Block, blocks
from weighbridge.audit.languages import Language, language_of
from weighbridge.audit.python_shape import Shape, mentions_definition, shape
from weighbridge.audit.reasoning import split_reasoning
from weighbridge.audit.unfenced import runs

# Characters of an answer that are read. The longest answers that endpoints give, 128,000 tokens, are about half of it.
_READ_AT_MOST = 1_000_000
# Characters of Python that are parsed for one answer, all attempts together: a real answer has some 10,000.
_PARSED_AT_MOST = 500_000
# A closing fence inside one of the program's own strings is looked for in so many fences.
_FENCES_INSIDE_STRING = 6


class Rule(enum.StrEnum):
    """The rules of ``docs/extraction.md``, by number."""

    NO_PROGRAM = "0 no program"
    ONLY_BLOCK = "1 only block"
    LAST_WHOLE_BLOCK = "2 last whole block"
    PARTS_JOINED = "3 parts joined"
    NEAREST_BLOCK = "4 nearest block"
    UNFENCED = "5 unfenced"


@dataclass(frozen=True)
class Extraction:
    """The program of an answer.

    ``program`` is None where there is none, else text that ends in a newline. ``blocks`` counts the answer's code
    blocks from 0 and holds those that the program is made of. ``lines`` are their stretches in the answer, first line
    counted from 1, last one included, after line ends were made alike and reasoning was taken out. ``cut_off``: the
    program's last block was never closed and the answer ends inside it. ``reasoning`` is what was taken out.
    """

    program: str | None
    rule: Rule
    blocks: tuple[int, ...] = ()
    lines: tuple[tuple[int, int], ...] = ()
    notes: tuple[str, ...] = ()
    cut_off: bool = False
    reasoning: str = ""


@dataclass(frozen=True)
class _Candidate:
    number: int
    text: str
    first: int
    end: int
    closed: bool
    shape: Shape | None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Lines that are not blank."""
        return sum(1 for line in self.text.split("\n") if line.strip())

    def defines(self, name: str) -> bool:
        return name in self.shape.defined if self.shape else mentions_definition(self.text, name)


@dataclass
class _Parser:
    """Parses within a budget, so that an answer of megabytes costs no more than a long one."""

    left: int = _PARSED_AT_MOST
    spent: bool = field(default=False)

    def shape(self, text: str) -> Shape | None:
        if len(text) > self.left:
            self.spent = True
            return None
        self.left -= len(text)
        return shape(text)


def extract(text: str, *, language: str, entry_names: Sequence[str] = ()) -> Extraction:
    """The program that an answer holds, in ``language`` (``python``, ``javascript``, ``node``, ``go``, ``c`` …).

    ``entry_names`` are the names that the task asked for (a function, ``app``, ``Handler``). Never raises on any text.
    """
    answer, reasoning = split_reasoning(_plain(text[:_READ_AT_MOST]))
    lines = answer.split("\n")
    wanted = language_of(language)
    python = wanted.name == "python"
    found = blocks(lines)
    notes: list[str] = ["reasoning removed"] if reasoning else []
    if len(text) > _READ_AT_MOST:
        notes.append("only the first million characters were read")
    parser = _Parser()
    if found:
        pool = list(_python_candidates(found, lines, entry_names, parser) if python else _others(found, lines, wanted))
    else:
        pool = list(_unfenced_python(lines, entry_names, parser) if python else _unfenced_other(lines, wanted))
    if parser.spent:
        notes.append("too long to parse whole")
    if not pool:
        return Extraction(None, Rule.NO_PROGRAM, notes=tuple(notes), reasoning=reasoning)
    rule, chosen = (_choose_python if python else _choose_other)(pool, tuple(entry_names))
    if not chosen:
        return Extraction(None, Rule.NO_PROGRAM, notes=tuple(notes), reasoning=reasoning)
    if not found:
        rule = Rule.UNFENCED
        notes.append("no code block")
    if len(chosen) > 1:
        notes.append(f"{len(chosen)} {'blocks' if found else 'stretches'} joined")
    for candidate in chosen:
        notes += candidate.notes
    return Extraction(
        program="\n\n".join(c.text.strip("\n") for c in chosen) + "\n",
        rule=rule,
        blocks=tuple(c.number for c in chosen) if found else (),
        lines=tuple((c.first + 1, c.end) for c in chosen),
        notes=tuple(dict.fromkeys(notes)),
        cut_off=not chosen[-1].closed,
        reasoning=reasoning,
    )


def _plain(text: str) -> str:
    """One kind of line end; no byte-order mark, no NUL; half a surrogate pair becomes the replacement character."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "").replace("\x00", "")
    return text.encode("utf-8", "replace").decode("utf-8") if _SURROGATE.search(text) else text


_SURROGATE = re.compile("[\ud800-\udfff]")


# ---- candidates: the blocks that may be the program or a part of it --------------------------------------------------

_NOT_A_PROGRAM = re.compile(
    r"(?:[$%][ ]|>>>|(?:pip3?|uv|npm|npx|yarn|go|gcc|g\+\+|clang|cargo|apt|apt-get|brew|docker|curl|git)[ ]"
    r"|(?:python3?|node|bash|sh|sudo|flask|uvicorn|gunicorn)[ ](?![=(.:,])|diff[ ]--git|---[ ]\S|@@[ ])"
)
_CODE_LINE = re.compile(
    r"^[ \t]*(?:(?:async[ ]+)?def[ ]|class[ ]|import[ ]|from[ ]\S+[ ]+import\b|@\w)|^[\w.]+[ ]*=[^=]", re.M
)


def _reads_as_something_else(text: str) -> bool:
    """A console session, installer command or diff, whatever its tag says: told by its first line of content."""
    for line in text.split("\n"):
        if line.strip() and not line.lstrip().startswith("#"):
            return bool(_NOT_A_PROGRAM.match(line.lstrip()))
    return True


def _python_candidates(
    found: list[Block], lines: list[str], names: Sequence[str], parser: _Parser
) -> Iterable[_Candidate]:
    covered = 0
    for number, block in enumerate(found):
        if block.first < covered:
            continue  # inside a string of the block before
        kind = language_of(block.tag).name
        if kind not in ("python", "") and not (names and _CODE_LINE.search(block.text)):
            continue
        if _reads_as_something_else(block.text):
            continue
        candidate = _parsed(number, block, lines, parser)
        covered = candidate.end
        if kind == "python":
            keep = candidate.shape is not None or _CODE_LINE.search(block.text)
        elif kind == "":
            keep = _program_like(candidate, names)
        else:  # tagged as another language: only what parses as Python and defines all that was asked for
            keep = candidate.shape is not None and all(candidate.defines(name) for name in names)
        if keep:
            yield candidate


def _program_like(candidate: _Candidate, names: Sequence[str]) -> bool:
    """Of a text that only itself says is Python: JSON, a single word and a list of settings parse as Python too."""
    if candidate.shape is None:
        return any(candidate.defines(name) for name in names) or bool(
            re.search(r"^(?:def|class) ", candidate.text, re.M)
        )
    return bool(candidate.shape.functions or candidate.shape.imports or any(map(candidate.defines, names)))


def _parsed(number: int, block: Block, lines: list[str], parser: _Parser) -> _Candidate:
    text = _dedented(block.text)
    known = parser.shape(text)
    if known is None and (text.count('"""') % 2 or text.count("'''") % 2):
        longer = _past_fences_in_string(number, block, lines, parser)
        if longer is not None:
            return longer
    if known is None and not block.closed:
        body = text.split("\n")
        for run in runs(body)[:1]:
            if run.prose_follows:
                part = "\n".join(body[run.first : run.end])
                first, end = block.first + run.first, block.first + run.end
                return _Candidate(number, part, first, end, True, parser.shape(part), ("prose in an unclosed block",))
    return _Candidate(number, text, block.first, block.end, block.closed or block.end < len(lines), known)


def _dedented(text: str) -> str:
    """Without the indentation that all lines share: a block inside a list item whose fence is not indented as it is."""
    own = [line for line in text.split("\n") if line.strip()]
    shared = min((len(line) - len(line.lstrip(" ")) for line in own), default=0)
    return "\n".join(line[shared:] for line in text.split("\n")) if shared else text


def _past_fences_in_string(number: int, block: Block, lines: list[str], parser: _Parser) -> _Candidate | None:
    """The block with the fences that stand in one of its own strings (a docstring in Markdown), where that parses."""
    tries = 0
    for end in range(block.end + 1, len(lines)):
        if not lines[end].lstrip().startswith(("```", "~~~")):
            continue
        text = _dedented("\n".join(lines[block.first : end]))
        if known := parser.shape(text):
            return _Candidate(number, text, block.first, end, True, known, ("fence inside a string",))
        tries += 1
        if tries >= _FENCES_INSIDE_STRING:
            break
    return None


def _unfenced_python(lines: list[str], names: Sequence[str], parser: _Parser) -> Iterable[_Candidate]:
    lines = _dedented("\n".join(lines)).split("\n")
    for number, run in enumerate(runs(lines)):
        text = "\n".join(lines[run.first : run.end])
        candidate = _Candidate(number, text, run.first, run.end, True, parser.shape(text))
        if _program_like(candidate, names):
            yield candidate


def _others(found: list[Block], lines: list[str], wanted: Language) -> Iterable[_Candidate]:
    own = [n for n, block in enumerate(found) if language_of(block.tag).name == wanted.name]
    for number in own or [n for n, block in enumerate(found) if not language_of(block.tag).name]:
        block = found[number]
        if not _reads_as_something_else(block.text):
            yield _Candidate(number, block.text, block.first, block.end, block.closed or block.end < len(lines), None)


def _unfenced_other(lines: list[str], wanted: Language) -> Iterable[_Candidate]:
    """The whole answer, where its first line that is no comment can only be code of that language."""
    first = next((n for n, line in enumerate(lines) if line.strip()), None)
    code = _after_comments(lines)
    if first is not None and code is not None and wanted.begins and re.match(wanted.begins, lines[code].lstrip()):
        yield _Candidate(0, "\n".join(lines[first:]), first, len(lines), True, None)


def _after_comments(lines: list[str]) -> int | None:
    """The first line that is neither blank nor a comment of the C family."""
    inside = False
    for number, line in enumerate(lines):
        line = line.strip()
        if not inside and line and not line.startswith(("//", "/*")):
            return number
        if inside or line.startswith("/*"):
            inside = "*/" not in line
    return None


# ---- choice ----------------------------------------------------------------------------------------------------------


def _choose_python(pool: list[_Candidate], names: tuple[str, ...]) -> tuple[Rule, list[_Candidate]]:
    if len(pool) > 1:
        whole = [c for c in pool if c.shape and (all(map(c.defines, names)) if names else bool(c.shape.functions))]
        if whole:
            chosen = _with_parts([_last_of_size(whole)], pool)
            return (Rule.LAST_WHOLE_BLOCK if len(chosen) == 1 else Rule.PARTS_JOINED), chosen
        holders = [[c for c in pool if c.shape and c.defines(name)] for name in names]
        if names and all(holders):
            start = {held[-1].number: held[-1] for held in holders}
            return Rule.PARTS_JOINED, _with_parts(list(start.values()), pool)
    programs = [c for c in pool if c.shape is None or not c.shape.calls_only or not names]
    if not programs:
        return Rule.NO_PROGRAM, []
    if len(pool) == 1:
        return Rule.ONLY_BLOCK, programs
    nearest = max(
        programs, key=lambda c: (sum(map(c.defines, names)), bool(c.shape is None or c.shape.functions), c.size)
    )
    return Rule.NEAREST_BLOCK, [nearest]


def _choose_other(pool: list[_Candidate], names: tuple[str, ...]) -> tuple[Rule, list[_Candidate]]:
    if len(pool) == 1:
        return Rule.ONLY_BLOCK, pool
    for has in (_seems_to_define, _contains):
        whole = [c for c in pool if all(has(c.text, name) for name in names)]
        if whole:
            return Rule.LAST_WHOLE_BLOCK, [_last_of_size(whole)]
    return Rule.NEAREST_BLOCK, [max(pool, key=lambda c: c.size)]


def _contains(text: str, name: str) -> bool:
    return bool(re.search(rf"\b{re.escape(name)}\b", text))


def _seems_to_define(text: str, name: str) -> bool:
    """By the look of languages of the C family: a keyword before the name (and no ``require`` after it), a body after
    its parameters, or a property that it is assigned to."""
    name = re.escape(name)
    return bool(
        re.search(
            rf"\b(?:function\*?|class|func|fn|type|struct|const|let|var)\s+{name}\b(?!\s*=\s*(?:await\s+)?(?:require|import)\b)"
            rf"|^func\s*\([^()\n]*\)\s*{name}\s*\("
            rf"|\b{name}\s*\([^;{{}}()]{{0,500}}\)\s*\{{"
            rf"|\b(?:exports|this|app)\.{name}\s*=",
            text,
            re.MULTILINE,
        )
    )


def _last_of_size(whole: list[_Candidate]) -> _Candidate:
    """The last one of those at least half as long as the longest; one that was cut off only where no other is whole.

    The last, because an answer improves on itself; half as long, because a fragment shown afterwards is not the answer.
    """
    whole = [c for c in whole if c.closed] or whole
    sizes = [c.size for c in whole]
    half = max(sizes) / 2
    return next(c for c, size in zip(reversed(whole), reversed(sizes), strict=True) if size >= half)


def _with_parts(chosen: list[_Candidate], pool: list[_Candidate]) -> list[_Candidate]:
    """Adds the blocks that the chosen ones cannot do without, and those that register themselves with one of them.

    A block supplies what another reads and does not bind; the last one before it is asked first, then the first after
    it that defines more than a variable (a usage example does not). A block registers itself when it is decorated by an
    object of the chosen ones (``@app.get``), needs nothing that they have not, and defines nothing that they have.
    """
    supply: dict[str, list[_Candidate]] = {}
    for c in pool:
        for name in c.shape.bound if c.shape else ():
            supply.setdefault(name, []).append(c)
    parts = {c.number: c for c in chosen}
    bound = {name for c in chosen if c.shape for name in c.shape.bound}
    waiting = list(chosen)
    while waiting:
        part = waiting.pop()
        for name in sorted(part.shape.missing if part.shape else ()):
            suppliers = [] if name in bound else supply.get(name, [])
            before = [c for c in suppliers if c.number < part.number]
            after = [
                c for c in suppliers if c.number > part.number and c.shape and (c.shape.functions or c.shape.imports)
            ]
            for supplier in before[-1:] or after[:1]:
                parts[supplier.number] = supplier
                bound |= supplier.shape.bound if supplier.shape else frozenset()
                waiting.append(supplier)
    for c in pool:
        if c.number in parts or c.shape is None or not c.shape.functions or c.shape.functions & bound:
            continue
        if c.shape.decorated_by & c.shape.missing and c.shape.missing <= bound:
            parts[c.number] = c
            bound |= c.shape.bound
    return [parts[number] for number in sorted(parts)]
