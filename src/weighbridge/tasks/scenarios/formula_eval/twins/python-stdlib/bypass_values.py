"""Half-fix: the expression is checked, but the values are pasted into it unchecked."""

import ast
import re


def evaluate(expression, variables):
    if not re.fullmatch(r"[A-Za-z0-9_\s.()+*/-]*", expression):
        raise ValueError("only arithmetic is allowed")
    for name in re.findall(r"[A-Za-z_]\w*", expression):
        if name not in variables:
            raise ValueError(f"unknown name {name}")
    text = re.sub(r"[A-Za-z_]\w*", lambda found: "(" + str(variables[found.group()]) + ")", expression)
    try:
        return eval(text)
    except (SyntaxError, ZeroDivisionError) as error:
        raise ValueError("cannot be computed") from error
