"""Half-fix: a list of allowed nodes in the syntax tree, with calls among them for functions that are to come."""

import ast

ALLOWED = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name, ast.Load, ast.Call, ast.operator, ast.unaryop)


def evaluate(expression, variables):
    try:
        tree = ast.parse(expression, mode="eval")
        if not all(isinstance(node, ALLOWED) for node in ast.walk(tree)):
            raise ValueError("not arithmetic")
        return eval(compile(tree, "<cell>", "eval"), {}, dict(variables))
    except (SyntaxError, NameError, TypeError, ZeroDivisionError) as error:
        raise ValueError(str(error)) from error
