"""Half-fix: eval with emptied built-in names; objects lead back to all of them."""

import ast
import re


def evaluate(expression, variables):
    try:
        return eval(expression, {"__builtins__": {}}, dict(variables))
    except Exception as error:
        raise ValueError("invalid expression") from error
