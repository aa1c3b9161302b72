"""Builds a function from the expression, which linters do not take for eval."""

import types


def formula(expression, names):
    source = f"def formula({', '.join(names)}):\n    return {expression}\n"
    module = compile(source, "<cell>", "exec")
    code = next(part for part in module.co_consts if isinstance(part, types.CodeType))
    return types.FunctionType(code, globals())


def evaluate(expression, variables):
    try:
        return float(formula(expression, variables)(**variables))
    except (SyntaxError, NameError, TypeError, ZeroDivisionError) as error:
        raise ValueError("the formula cannot be computed") from error
