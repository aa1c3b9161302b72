"""What a program finds inside a cell to run on: an interpreter, third-party packages, a synthetic /etc.

The cell's user must be able to read it, and root's home or a developer's checkout must not be mounted, so packages are
copied once out of the environment that runs us into a folder of the cache, keyed by a hash of their versions. The
names in there say nothing of who made them, because a program can see them in its mount table.
"""

import compileall
import functools
import hashlib
import importlib.metadata
import os
import platform
import py_compile
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from weighbridge.cell.errors import CellError

SITE = "/opt/site"
PYTHON_HOME = "/opt/python"
RECIPES = Path(__file__).parent / "runtimes"
LAYOUT = 1  # raise when the way a runtime folder is built changes


@dataclass(frozen=True)
class Runtime:
    """A runtime as a cell mounts it: the interpreter inside, read-only folders (outside -> inside), import paths."""

    name: str
    python: str
    mounts: tuple[tuple[str, str], ...]
    paths: tuple[str, ...]
    library_path: str | None
    versions: tuple[tuple[str, str], ...]
    host: tuple[str, ...]  # modules that the host imports
    along: tuple[tuple[str, tuple[str, ...]], ...]  # modules that follow another's import
    packages: frozenset[str]  # modules at the top of the packages


def cache() -> Path:
    """Where runtimes are kept: one place for the machine as root, one for the user otherwise."""
    if os.geteuid() == 0:
        top = Path("/var/cache/python-runtime")
    else:
        top = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "python-runtime"
    top.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        top.chmod(0o755)
    return top


def requirements(roots: list[str]) -> dict[str, importlib.metadata.Distribution]:
    """The distributions of ``roots`` and of everything that they require here, by name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    todo = list(roots)
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for requirement in found[name].requires or []:
            if "extra ==" not in requirement:
                todo.append(re.split(r"[^A-Za-z0-9._-]", requirement.strip())[0])
    return found


def build(folder: Path, fill: Callable[[Path], None]) -> Path:
    """Fills a folder beside its place and renames it there; a second builder at the same moment loses quietly."""
    if folder.is_dir():
        return folder
    beside = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        fill(beside)
        for path in [beside, *beside.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            beside.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _copy_packages(distributions: dict[str, importlib.metadata.Distribution], site: Path) -> None:
    for distribution in distributions.values():
        for entry in distribution.files or []:
            source = Path(str(distribution.locate_file(entry)))
            parts = Path(os.path.normpath(str(entry))).parts
            if "__pycache__" in parts or not source.is_file() or source.suffix in (".pyc", ".pth"):
                continue
            if parts[:1] == ("..",):
                # Programs live beside site-packages: ../../../bin/ruff. Scripts name our interpreter; binaries do not.
                if parts[-2:-1] != ("bin",) or source.read_bytes()[:2] == b"#!":
                    continue
                parts = ("bin", parts[-1])
            if parts[0].endswith(".dist-info") and parts[-1] not in ("METADATA", "entry_points.txt"):
                continue
            target = site.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    compileall.compile_dir(
        str(site),
        quiet=2,
        stripdir=str(site),
        prependdir=SITE,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def _system_python() -> str | None:
    """/usr/bin/python3.X of the same minor version as ours: compiled packages and byte code must fit both."""
    path = f"/usr/bin/python3.{sys.version_info.minor}"
    return (
        path
        if os.access(path, os.X_OK) and Path("/usr/lib", f"python3.{sys.version_info.minor}", "os.py").exists()
        else None
    )


def _copy_python(home: Path) -> None:
    """Copies the running interpreter with its standard library, without packages and tests."""
    base, version = Path(sys.base_prefix), f"python3.{sys.version_info.minor}"
    (home / "bin").mkdir()
    shutil.copy(base / "bin" / version, home / "bin" / version)
    (home / "lib").mkdir()
    for library in base.glob("lib/libpython*.so*"):
        shutil.copy(library, home / "lib" / library.name)
    skip = shutil.ignore_patterns(
        "site-packages", "test", "tests", "idlelib", "__pycache__", "config-*", "ensurepip", "lib2to3"
    )
    shutil.copytree(base / "lib" / version, home / "lib" / version, ignore=skip)
    compileall.compile_dir(str(home / "lib" / version), quiet=2, stripdir=str(home), prependdir=PYTHON_HOME)


@functools.lru_cache
def prepare(name: str) -> Runtime:
    """The runtime by that name, built in the cache if it is not there yet (a second or two, once)."""
    with (RECIPES / f"{name}.toml").open("rb") as f:
        recipe = tomllib.load(f)
    distributions = requirements(recipe["roots"] + recipe["optional"])
    if missing := [root for root in recipe["roots"] if root not in distributions]:
        raise CellError(f"the runtime {name!r} needs {', '.join(missing)}, not installed here: `uv sync` installs it")
    versions = tuple(sorted((n, d.version) for n, d in distributions.items()))
    python = _system_python()
    key = hashlib.sha256(repr((LAYOUT, versions, python, sys.version, platform.machine())).encode()).hexdigest()[:16]
    mounts: list[tuple[str, str]] = []
    library_path = None
    if python is None:
        version = hashlib.sha256(repr((LAYOUT, sys.base_prefix, sys.version)).encode()).hexdigest()[:16]
        home = build(cache() / f"python-{version}", _copy_python)
        mounts.append((str(home), PYTHON_HOME))
        python = f"{PYTHON_HOME}/bin/python3.{sys.version_info.minor}"
        library_path = f"{PYTHON_HOME}/lib" if any((home / "lib").glob("libpython*.so*")) else None
    site = build(cache() / f"site-{key}", lambda folder: _copy_packages(distributions, folder))
    mounts.append((str(site), SITE))
    return Runtime(
        name=name,
        python=python,
        mounts=tuple(mounts),
        paths=(SITE,),
        library_path=library_path,
        versions=versions,
        host=tuple(recipe["host"]),
        along=tuple((module, tuple(modules)) for module, modules in recipe["along"].items()),
        packages=frozenset(entry.name.split(".")[0] for entry in site.iterdir() if entry.name != "bin"),
    )


IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+([\w., \t]+)", re.MULTILINE)
# Modules of the standard library that do something when they are imported, or may not be importable at all.
NOT_AHEAD = frozenset({"__hello__", "__phello__", "antigravity", "idlelib", "lib2to3", "test", "this", "tkinter"})
NOT_AHEAD |= {"turtle", "turtledemo", "readline", "rlcompleter", "msvcrt", "winreg", "winsound"}


def preload(runtime: Runtime, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """What pid 1 imports before the program is there: trusted modules only, by the names that its files import.

    The files are hostile and are searched, not parsed. A name that the program itself defines stays its own.
    """
    own = {name.split("/")[0].split(".")[0] for name in files}
    known = (frozenset(sys.stdlib_module_names) | runtime.packages) - NOT_AHEAD - own
    wanted = list(runtime.host)
    for content in files.values():
        for found in IMPORT.finditer(content[: 1 << 20]):
            for name in found[1].decode("utf-8", "replace").split(" import ")[0].split(","):
                wanted.append(name.strip().split(" ")[0])
    modules = [name for name in dict.fromkeys(wanted) if name.split(".")[0] in known][:100]
    return (*modules, *(more for module, follow in runtime.along if module in modules for more in follow))


def synthetic_etc(hosts: dict[str, str]) -> Path:
    """An /etc with nothing of the machine's in it: users, groups, and names that resolve inside the cell only."""
    files = {
        "passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\napp:x:1000:1000:app:/srv/data:/bin/sh\n",
        "group": "root:x:0:\napp:x:1000:\n",
        "hosts": "127.0.0.1 localhost app\n" + "".join(f"{a} {n}\n" for n, a in sorted(hosts.items())),
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        "hostname": "app\n",
    }
    cached = Path("/etc/ld.so.cache")
    loader = cached.read_bytes() if cached.exists() else b""
    key = hashlib.sha256(repr(files).encode() + loader).hexdigest()[:16]

    def fill(folder: Path) -> None:
        for name, text in files.items():
            (folder / name).write_text(text)
        if loader:
            (folder / "ld.so.cache").write_bytes(loader)

    return build(cache() / f"etc-{key}", fill)
