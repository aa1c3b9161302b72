"""Walks Python's syntax tree and computes only what arithmetic knows."""

import ast
import operator

OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def compute(node, variables):
    if isinstance(node, ast.Expression):
        return compute(node.body, variables)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.Name):
        return variables[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](compute(node.left, variables), compute(node.right, variables))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = compute(node.operand, variables)
        return -value if isinstance(node.op, ast.USub) else value
    raise ValueError("not arithmetic")


def evaluate(expression, variables):
    try:
        return compute(ast.parse(expression.strip(), mode="eval"), variables)
    except (SyntaxError, KeyError, TypeError, ZeroDivisionError, RecursionError) as error:
        raise ValueError(f"cannot compute {expression!r}") from error
