"""Whose SDK is this package, whose key is this variable? The table ``sdks.toml``, looked up by workers too."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    rows = tomllib.loads((Path(__file__).parent / "sdks.toml").read_text("utf-8"))["sdk"]
    packages = {_plain(name): row["provider"] for row in rows for name in row["packages"]}
    variables = {name: row["provider"] for row in rows for name in row["variables"]}
    return packages, variables


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def of_package(name: str) -> str | None:
    """The provider whose SDK ``name`` is; "" for a package that speaks to many; None for any other package.

    Versions of Go modules and of npm's scoped names (``@1.2``, ``/v2``) do not count.
    """
    packages, _ = _tables()
    plain = _plain(name)
    if plain in packages:
        return packages[plain]
    bare = plain[0] + plain[1:].split("@", 1)[0] if plain else plain
    head, _, tail = bare.rpartition("/")
    return packages.get(head if head and tail[:1] == "v" and tail[1:].isdigit() else bare)


def of_variable(name: str) -> str | None:
    """The provider whose key or setting the environment variable ``name`` is; None for any other."""
    return _tables()[1].get(name)


def packages() -> list[str]:
    """Every package's name in the table."""
    return list(_tables()[0])


def variables() -> list[str]:
    """Every variable's name in the table."""
    return list(_tables()[1])
