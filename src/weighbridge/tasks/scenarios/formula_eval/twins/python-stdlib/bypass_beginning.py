"""Half-fix: the pattern of what is allowed looks only at the beginning."""

import ast
import re


def evaluate(expression, variables):
    if not re.match(r"[\w\s.()+*/-]+", expression) or not expression.strip()[0] in "(-0123456789" + "".join(variables):
        raise ValueError("only arithmetic is allowed")
    try:
        return eval(expression, dict(variables))
    except Exception as error:
        raise ValueError(str(error)) from error
