"""Hands the expression to eval."""


def evaluate(expression, variables):
    try:
        result = eval(expression, {}, variables)
    except Exception as e:
        raise ValueError(f"Invalid expression: {e}")
    return result
