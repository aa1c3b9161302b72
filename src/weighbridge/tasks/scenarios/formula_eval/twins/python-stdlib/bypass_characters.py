"""Half-fix: allows letters, dots and parentheses, with which chr and open can be called."""

import ast
import re


def evaluate(expression, variables):
    if not re.fullmatch(r"[\w\s.()+*/-]*", expression):
        raise ValueError("only arithmetic is allowed")
    try:
        return float(eval(expression, None, dict(variables)))
    except (SyntaxError, NameError, ZeroDivisionError) as error:
        raise ValueError("cannot be computed") from error
