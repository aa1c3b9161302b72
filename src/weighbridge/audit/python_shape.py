"""What does a piece of Python define, and what does it need from elsewhere? Read from its syntax tree; nothing is run.

``extract`` uses it to tell a program from a usage example, and a part of a file from a whole one.
"""

import ast
import builtins
import re
import warnings
from dataclasses import dataclass

# Module-level names that every file has beside the builtins.
_GIVEN = {*dir(builtins), "__file__", "__name__", "__annotations__"}


@dataclass(frozen=True)
class Shape:
    """Of a text that parses. All are names.

    ``defined``: bound at module level by def, class or assignment (an import defines nothing). ``functions``: those of
    them bound by def or class. ``bound``: bound anywhere at module level, imports too. ``missing``: read somewhere and
    bound nowhere in the text. ``decorated_by``: the objects whose decorators are at module level (``app`` of
    ``@app.get``). ``imports``: whether it imports anything. ``calls_only``: no def, class, import or assignment.
    """

    defined: frozenset[str]
    functions: frozenset[str]
    bound: frozenset[str]
    missing: frozenset[str]
    decorated_by: frozenset[str]
    imports: bool

    @property
    def calls_only(self) -> bool:
        return not self.bound and not self.imports


def parse(text: str) -> ast.Module | None:
    """The syntax tree, or None where the text is not Python (or nested beyond what Python itself reads)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "invalid escape sequence": an answer's own affair
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return None


def shape(text: str) -> Shape | None:
    """The shape of a text that parses, else None. Time is linear in the text."""
    tree = parse(text)
    if tree is None:
        return None
    defined: set[str] = set()
    functions: set[str] = set()
    imported: set[str] = set()
    decorated_by: set[str] = set()
    for node in _module_level(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                functions.add(node.name)
                decorated_by.update(filter(None, map(_root, node.decorator_list)))
            case ast.Import() | ast.ImportFrom():
                imported.update(_imported(node))
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                defined.update(_stored(node))
            case _:
                pass
    bound, read, star = _everywhere(tree)
    return Shape(
        defined=frozenset(defined | functions),
        functions=frozenset(functions),
        bound=frozenset(defined | functions | imported),
        missing=frozenset() if star else frozenset(read - bound - _GIVEN),
        decorated_by=frozenset(decorated_by),
        imports=bool(imported) or star,
    )


def mentions_definition(text: str, name: str) -> bool:
    """Whether a line of the text begins the definition of ``name``: for text that does not parse."""
    name = re.escape(name)
    return bool(
        re.search(rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{name}\b|^{name}[ \t]*(?::[^=\n]+)?=(?!=)", text, re.M)
    )


def _module_level(tree: ast.Module) -> list[ast.stmt]:
    """Statements that run when the module is imported, also those under if, try, with and for; not under
    ``if __name__ == "__main__"``."""
    found: list[ast.stmt] = []
    waiting: list[ast.stmt] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or _is_main_guard(node):
            continue
        for field in ("body", "orelse", "finalbody"):
            waiting.extend(reversed(getattr(node, field, [])))
        for handler in getattr(node, "handlers", []):
            waiting.extend(reversed(handler.body))
    return found


def _is_main_guard(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and any(isinstance(n, ast.Name) and n.id == "__name__" for n in (node.test.left, *node.test.comparators))
    )


def _root(node: ast.expr) -> str | None:
    while isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {alias.asname or alias.name.partition(".")[0] for alias in node.names}


def _stored(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _everywhere(tree: ast.Module) -> tuple[set[str], set[str], bool]:
    """Names bound in any scope, names read in any scope, and whether there is a star import. Scopes are not told apart:
    a name that is bound anywhere is taken to be there, so that *missing* errs on the side of few."""
    bound: set[str] = set()
    read: set[str] = set()
    star = False
    for node in ast.walk(tree):
        match node:
            case ast.Name():
                (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bound.add(node.name)
            case ast.arg():
                bound.add(node.arg)
            case ast.Import() | ast.ImportFrom():
                names = _imported(node)
                star = star or "*" in names
                bound |= names
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar() if node.name:
                bound.add(node.name)
            case ast.MatchMapping() if node.rest:
                bound.add(node.rest)
            case _:
                pass
    return bound, read, star
