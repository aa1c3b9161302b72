"""The house's rules that a machine can check: which folder may import which, and that nothing is left half-named."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "weighbridge"

LEVELS = [
    {"cli"},
    {"report"},
    {"audit"},
    {"tasks", "contexts"},
    {"panel", "specimens", "local"},
    {"cell"},
    {"claims"},
    {"gap", "price", "adoption", "inventory"},
    {"catalog"},
    {"store"},
    {"stats"},
]
"""Top to bottom: a folder may import itself and what stands below. ``errors`` is open to all but cell and stats."""

ALONE = {"cell", "stats"}


def level(folder: str) -> int:
    return next(place for place, names in enumerate(LEVELS) if folder in names)


def imports(path: Path) -> set[str]:
    """Names of our own folders (or ``errors``) that a module imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "weighbridge" and len(parts) > 1:
                found.add(parts[1])
    return found


MODULES = sorted(
    path for path in SOURCE.rglob("*.py") if not {"scenarios", "inside"} & set(path.relative_to(SOURCE).parts[:-1])
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    parts = path.relative_to(SOURCE).parts
    if len(parts) == 1:
        return
    mine = parts[0]
    for other in imports(path):
        if other in {mine, "__version__"}:
            continue
        if other == "errors":
            assert mine not in ALONE, f"{mine} imports nothing of ours"
            continue
        if not (SOURCE / other).is_dir():
            continue
        assert mine not in ALONE, f"{mine} imports nothing of ours, but imports {other}"
        assert level(other) > level(mine), f"{mine} may not import {other}: imports point down"


def test_every_module_opens_with_what_it_is_for() -> None:
    bare = [str(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not bare


def test_no_machine_path_stands_in_the_project() -> None:
    """Paths of the machine that this was written on must not reach a user."""
    pattern = re.compile(r"/work/(main|shared)|/root/\.(?!cache/weighbridge)")
    suffixes = {".py", ".md", ".toml", ".sh", ".jinja", ".html", ".csv", ".yml", ".yaml", ".json"}
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for folder in ("src", "docs", "bench", "plans", "scripts", "tests")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in suffixes and path.is_file() and path != Path(__file__)
        for match in [pattern.search(path.read_text("utf-8", "replace"))]
        if match
    ]
    assert not found
