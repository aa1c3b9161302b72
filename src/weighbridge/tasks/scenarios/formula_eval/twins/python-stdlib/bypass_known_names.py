"""Half-fix: checks every name in the syntax tree, but not attributes and calls."""

import ast
import re


def evaluate(expression, variables):
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise ValueError("cannot be computed") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in {*variables, "c"}:
            raise ValueError(f"unknown name {node.id}")
    return eval(compile(tree, "<formula>", "eval"), {}, dict(variables))
