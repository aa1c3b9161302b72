"""Odd: eval after all, but of nothing except digits, dots, operators and parentheses, fully matched."""

import re


def evaluate(expression, variables):
    def number(found):
        if found.group() not in variables:
            raise ValueError(f"unknown name {found.group()}")
        return f"({float(variables[found.group()])!r})"

    text = re.sub(r"[A-Za-z_]\w*", number, expression, flags=re.ASCII)
    if not re.fullmatch(r"[0-9.+\-*/() \t]*", text) or "**" in text or "//" in text:
        raise ValueError("only arithmetic is allowed")
    try:
        return eval(text)
    except Exception:
        raise ValueError("cannot be computed") from None
