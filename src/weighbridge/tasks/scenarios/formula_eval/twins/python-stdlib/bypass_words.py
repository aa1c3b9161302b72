"""Half-fix: refuses dangerous words and double underscores, which Python also knows by other letters."""

import ast
import re


def evaluate(expression, variables):
    for word in ("__", "import", "open", "exec", "eval", "lambda", "getattr", "globals"):
        if word in expression:
            raise ValueError(f"{word} is not allowed")
    try:
        return eval(expression, {"__builtins__": None}, variables)
    except Exception as error:
        raise ValueError(str(error)) from error
