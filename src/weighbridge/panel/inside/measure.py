"""Runs in the cell: lines, comments, functions and complexity of every file of a folder, as one JSON object by file.

    python measure.py FOLDER LANGUAGE

lizard counts functions and cyclomatic complexity, pygments' tokens tell code from comments. Texts are hostile: a file
that takes longer than its share of processor time, or breaks a library, is named with the reason.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import lizard
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, String

SECONDS = 10.0
LEXERS = {"csharp": "c#", "shell": "bash"}


class TooLong(Exception):
    """A file has used up its share."""


def too_long(number: int, frame: object) -> None:
    raise TooLong(f"took more than {SECONDS:g} s of processor time")


def lines_of(text: str, language: str) -> dict[str, int]:
    """Lines in all, with code on them, and with nothing but comment (docstrings are comments)."""
    code: set[int] = set()
    comment: set[int] = set()
    line = 0
    for kind, value in get_lexer_by_name(LEXERS.get(language, language), stripnl=False).get_tokens(text):
        where = comment if (kind in Comment and kind not in Comment.Preproc) or kind in String.Doc else code
        for number, part in enumerate(value.split("\n")):
            if part.strip():
                where.add(line + number)
        line += value.count("\n")
    return {"lines": len(text.splitlines()), "code_lines": len(code), "comment_lines": len(comment - code)}


def functions_of(path: Path, text: str) -> dict[str, int]:
    """Functions, and their cyclomatic complexity; nothing where lizard does not know the language."""
    if lizard.get_reader_for(str(path)) is None:
        return {}
    found = [
        one.cyclomatic_complexity for one in lizard.analyze_file.analyze_source_code(str(path), text).function_list
    ]
    return {"functions": len(found), "complexity": sum(found), "complexity_most": max(found, default=0)}


def main(folder: str, language: str) -> None:
    signal.signal(signal.SIGPROF, too_long)
    said: dict[str, object] = {}
    for path in sorted(Path(folder).iterdir()):
        text = path.read_bytes().decode("utf-8", "replace")
        try:
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            said[path.stem] = lines_of(text, language) | functions_of(path, text)
        except Exception as error:
            said[path.stem] = f"{type(error).__name__}: {error}"[:300]
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:3])
