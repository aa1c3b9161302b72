"""Odd: lets an empty database in memory do the arithmetic, after names became numbers and nothing else is left."""

import re
import sqlite3


def evaluate(expression, variables):
    if not re.fullmatch(r"[\w\s.+*/()-]+", expression, re.ASCII):
        raise ValueError("not arithmetic")
    try:
        text = re.sub(r"[A-Za-z_]\w*", lambda name: f"({float(variables[name.group()])!r})", expression)
        text = re.sub(r"(?<![\w.])(\d+)(?![\w.])", r"\1.0", text)
        return sqlite3.connect(":memory:").execute(f"SELECT {text}").fetchone()[0]
    except (KeyError, sqlite3.Error) as error:
        raise ValueError("cannot be computed") from error
