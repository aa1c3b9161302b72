"""Which files of a tree are worth opening, without ever leaving it or being held up by it?

Iterative, so that no depth exhausts the stack; links are never followed; only regular files are ever opened; other file
systems mounted inside are not entered. What is left out is counted and named in the remarks.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from weighbridge.inventory import detectors
from weighbridge.inventory.hits import Place, Remarks, printable

TEXT_CAP = 2 << 20
"""Bytes of a text file that are read at most; larger ones are counted and named. Lock files may be longer."""
LOCK_CAP = 32 << 20
DEEPEST = 200

_SKIPPED = {".git", ".hg", ".svn", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".tox", ".nox"}
_VENDORED = {
    "node_modules",
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "site-packages",
    "dist-packages",
    "bower_components",
    ".venv",
    "venv",
    "pods",
    "externals",
    "_vendor",
    "deps",
    ".yarn",
    ".cargo",
}
_TESTS = {
    "test",
    "tests",
    "testing",
    "__tests__",
    "spec",
    "specs",
    "fixtures",
    "__fixtures__",
    "testdata",
    "test_data",
    "cassettes",
    "__mocks__",
    "mocks",
    "e2e",
    "__snapshots__",
    "test-data",
    "unittests",
    "integration_tests",
    "benchmarks_test",
}
_TEST_NAME = re.compile(
    r"(?:^test_.*|.*_test|^conftest)\.\w+$|\.(?:test|spec|stories)\.[cm]?[jt]sx?$|Tests?\.(?:java|kt|cs|scala|swift)$"
)
_LOCKS = {
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "deno.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "pipfile.lock",
    "go.sum",
    "cargo.lock",
    "gemfile.lock",
    "composer.lock",
    "packages.lock.json",
    "mix.lock",
}
_DOCS = {"docs", "doc", "documentation", "changelogs", "website"}
_ARCHIVES = (
    ".zip",
    ".tar",
    ".gz",
    ".tgz",
    ".bz2",
    ".xz",
    ".zst",
    ".7z",
    ".rar",
    ".whl",
    ".jar",
    ".war",
    ".egg",
    ".deb",
    ".rpm",
    ".apk",
)
_HUB_FOLDER = re.compile(r"^models--([\w.\-]+?)--([\w.\-]+)$")
_OLLAMA = re.compile(r"(?:^|/)manifests/[\w.\-]+/((?:[\w.\-]+/)?[\w.\-]+)/([\w.\-]+)$")


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read: its path, its path within the repository as shown, its place; ``stored`` names a model store's
    entry."""

    path: str
    shown: str
    place: Place
    stored: str = ""


def shown(path: str) -> str:
    """A path as it can be printed: bytes that are no UTF-8 and control characters are written out."""
    return printable(os.fsencode(path).decode("utf-8", "backslashreplace"))


def place_of(relative: str) -> Place:
    """Code, test, vendored, lock or docs, by folder and name within the repository."""
    *folders, name = relative.split("/")
    lower = [folder.lower() for folder in folders]
    if any(folder in _VENDORED for folder in lower):
        return "vendored"
    if name.lower() in _LOCKS:
        return "lock"
    if any(folder in _TESTS for folder in lower) or _TEST_NAME.search(name):
        return "test"
    return "docs" if any(folder in _DOCS for folder in lower) else "code"


def walk(root: Path, remarks: Remarks, *, vendored: bool = False) -> Iterator[Found]:
    """The files under ``root`` (a folder or one file) that a detector reads. Vendored folders give weights only,
    unless ``vendored`` asks for all."""
    top = os.fspath(root)
    if root.is_file():
        yield Found(top, shown(root.name), place_of(root.name))
        return
    device = root.stat().st_dev
    stack = [(top, "", 0, False)]
    while stack:
        folder, relative, depth, in_vendored = stack.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            remarks.add(f"folders that cannot be read ({error.strerror})", shown(relative))
            continue
        below: list[tuple[str, str, int, bool]] = []
        for entry in entries:
            name, inner = entry.name, f"{relative}/{entry.name}" if relative else entry.name
            try:
                if entry.is_symlink():
                    remarks.add("links, not followed", shown(inner))
                elif entry.is_dir(follow_symlinks=False):
                    if name in _SKIPPED:
                        remarks.add("folders of tools, not read", shown(inner))
                    elif depth >= DEEPEST:
                        remarks.add(f"folders deeper than {DEEPEST}, not read", shown(inner))
                    elif entry.stat(follow_symlinks=False).st_dev != device:
                        remarks.add("other file systems mounted there, not entered", shown(inner))
                    else:
                        store = _HUB_FOLDER.match(name)
                        if store:
                            yield Found(entry.path, shown(inner), "code", f"{store.group(1)}/{store.group(2)}")
                        starts = not in_vendored and name.lower() in _VENDORED
                        if starts and not vendored:
                            remarks.add("vendored folders, read for weights only", shown(inner))
                        below.append((entry.path, inner, depth + 1, in_vendored or starts))
                else:
                    found = _file(entry, inner, remarks, weights_only=in_vendored and not vendored)
                    if found:
                        yield found
            except OSError as error:
                remarks.add(f"entries that cannot be read ({error.strerror})", shown(inner))
        stack.extend(reversed(below))


def _file(entry: os.DirEntry[str], relative: str, remarks: Remarks, *, weights_only: bool) -> Found | None:
    name = entry.name
    if name.lower().endswith(_ARCHIVES):
        if not weights_only:
            remarks.add("archives, not opened", shown(relative))
        return None
    detector = detectors.of(name)
    if detector is None:
        store = _OLLAMA.search(relative)
        if store:
            return Found(
                entry.path, shown(relative), "code", f"{store.group(1).removeprefix('library/')}:{store.group(2)}"
            )
        if not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            remarks.add("devices, pipes and sockets, not opened", shown(relative))
        else:
            remarks.add("files of other kinds, not read")
        return None
    if weights_only and not detector.binary:
        return None
    about = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(about.st_mode):
        remarks.add("devices, pipes and sockets, not opened", shown(relative))
        return None
    cap = LOCK_CAP if name.lower() in _LOCKS else TEXT_CAP
    if not detector.binary and about.st_size > cap:
        remarks.add(f"files larger than {cap >> 20} MB, not read", shown(relative))
        return None
    return Found(entry.path, shown(relative), place_of(relative)) if about.st_size else None
