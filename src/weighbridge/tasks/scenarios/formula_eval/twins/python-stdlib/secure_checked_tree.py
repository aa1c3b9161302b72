"""Odd: checks every node of the syntax tree against a list before it lets eval loose on the compiled tree."""

import ast

ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name, ast.Load,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub, ast.UAdd,
)


def evaluate(expression, variables):
    try:
        tree = ast.parse(expression, mode="eval")
        for node in ast.walk(tree):
            if not isinstance(node, ALLOWED):
                return None
            if isinstance(node, ast.Name) and node.id not in variables:
                raise ValueError(node.id)
        return eval(compile(tree, "<cell>", "eval"), {"__builtins__": {}}, {k: float(v) for k, v in variables.items()})
    except (SyntaxError, ArithmeticError) as error:
        raise ValueError(str(error))
