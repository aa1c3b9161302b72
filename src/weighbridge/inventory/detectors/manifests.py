"""SDKs in manifests and lock files. An SDK says who might be asked, not which model: always a hint.

The package names stand in ``sdks.toml``; here are only the ways in which a manifest writes a package's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from weighbridge.inventory.detectors import config
from weighbridge.inventory.hits import Mention, Wanted

ALWAYS = True
NAMES = (
    "requirements*.txt",
    "requirements*.in",
    "constraints*.txt",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "pipfile",
    "pipfile.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "environment.yml",
    "environment.yaml",
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "deno.json",
    "deno.lock",
    "go.mod",
    "go.sum",
    "cargo.toml",
    "cargo.lock",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "gemfile",
    "gemfile.lock",
    "composer.json",
    "composer.lock",
    "*.csproj",
    "packages.lock.json",
    "directory.packages.props",
    "mix.exs",
    "mix.lock",
    "pubspec.yaml",
    "package.swift",
)

_PLAIN = re.compile(r"^\s*-?\s*([A-Za-z][\w.\-]*)\s*(?:\[[\w, \-]*\])?\s*(?=[=<>~!;@ ]|$)")
_QUOTED = re.compile(r"[\"']((?:@[\w.\-]+/)?[A-Za-z][\w.\-/:]*?)(?:\[[\w, \-]*\])?\s*(?=[\"'=<>~!^@;\s])")
_KEY = re.compile(r"^\s*(@?[A-Za-z][\w.\-/@]*?)\s*(?:=|:)\s*[\"'{\d^~*]")
_MODULE = re.compile(r"\b((?:github\.com|cloud\.google\.com|google\.golang\.org)/[\w.\-/]+)")
_ARTIFACT = re.compile(r"<artifactId>\s*([\w.\-]+)\s*</artifactId>|Include=\"([\w.\-]+)\"")
_ABOUT = {"name", "version", "description", "files", "main", "license", "repository", "url", "email"}
_KEYWORDS = re.compile(r"^\s*\"?(keywords|classifiers|description|name|tags|files)\"?\s*[:=]")


def read(text: str, name: str, wanted: Wanted) -> Iterator[Mention]:
    """Package names, each once a line."""
    if name.lower() in ("package.json", "pyproject.toml"):
        # Scripts that pull a model and settings of tools stand there too.
        yield from (one for one in config.read(text, name, wanted) if one.key not in _ABOUT and one.role != "weak")
    plain = name.lower().endswith((".txt", ".in", ".yml", ".yaml", ".mod", ".sum")) or "gemfile" in name.lower()
    skipping = False
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw[:1000]
        bare = line.strip()
        if not bare or bare.startswith(("#", "//")):
            continue
        if skipping or _KEYWORDS.match(line):
            # Keywords and captions name what a package is about, not what it needs.
            skipping = "]" not in line and (skipping or line.rstrip().endswith("["))
            continue
        seen: set[str] = set()
        for pattern in (_PLAIN if plain else _KEY, _QUOTED, _MODULE, _ARTIFACT, _KEY):
            for found in pattern.finditer(line):
                word = next((group for group in found.groups() if group), "")
                if word and word not in seen:
                    seen.add(word)
                    yield Mention(number, word, "dependency", "sdk")
