"""Semgrep rules out of folders: the user's own (``--rules``), those of a package, or ours; read here, run in the cell.

The registry's rules may not be shipped, so a user points to a folder. Rules are read outside the cell (the user trusts
them), sorted by language, and laid into the cell as one file: what is not for a language does not slow it, and the
hash of what is laid in is part of the instrument.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from weighbridge.errors import DataError

LANGUAGES = {
    "python": {"python", "py", "python3", "python2"},
    "javascript": {"javascript", "js"},
    "typescript": {"typescript", "ts"},
    "go": {"go", "golang"},
    "c": {"c"},
    "cpp": {"cpp", "c++"},
    "java": {"java"},
    "ruby": {"ruby"},
    "php": {"php"},
    "rust": {"rust"},
    "csharp": {"csharp", "c#"},
    "kotlin": {"kotlin", "kt"},
    "swift": {"swift"},
    "shell": {"bash", "sh"},
}
"""Ours (``audit/languages.toml``) and what semgrep calls each. *generic* and *regex* rules read every text."""
EVERY = {"generic", "regex", "none"}


@dataclass(frozen=True)
class Rule:
    """One rule: its id, the languages it names, the CWEs in its metadata, its file, and all of it as text."""

    id: str
    languages: frozenset[str]
    cwes: tuple[int, ...]
    source: str
    body: str
    """YAML of the rule."""

    def reads(self, language: str) -> bool:
        """Whether it is for a language of ours."""
        return bool(self.languages & (LANGUAGES.get(language, {language}) | EVERY))


def read_rules(folders: Iterable[Path]) -> list[Rule]:
    """Every rule below these folders (``*.yaml``, ``*.yml``; or files by name), each id once.

    A file without a ``rules`` list is no rule file and is passed over (folders of rules hold tests and configuration).

    Raises:
        DataError: a folder is not there, has no rule, or a rule file cannot be read; names the file and the mend.
    """
    found: dict[str, Rule] = {}
    for folder in folders:
        if not folder.exists():
            raise DataError(f"{folder}: is not there; name a folder of semgrep rules with --rules")
        before = len(found)
        files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.suffix in (".yaml", ".yml"))
        for path in files:
            for rule in _read_file(path):
                name = rule.id if rule.id not in found or found[rule.id].body == rule.body else f"{path.stem}.{rule.id}"
                found[name] = rule
        if len(found) == before:
            raise DataError(f"{folder}: holds no semgrep rule (a *.yaml file with a list `rules`)")
    return list(found.values())


def _read_file(path: Path) -> list[Rule]:
    try:
        held = yaml.load(path.read_text("utf-8"), Loader=_loader())
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        if ".test." in path.name:  # a target that rules are tried on, flawed on purpose
            return []
        raise DataError(f"{path}: cannot be read as YAML ({error}); mend it or move it out of the folder") from error
    if not isinstance(held, dict) or not isinstance(held.get("rules"), list):
        return []
    rules: list[Rule] = []
    for number, body in enumerate(held["rules"], start=1):
        if not isinstance(body, dict) or not isinstance(body.get("id"), str):
            raise DataError(f"{path}: rule {number} has no `id`; mend it or move the file out of the folder")
        languages = body.get("languages")
        if not isinstance(languages, list) or not languages:
            raise DataError(f"{path}: rule '{body['id']}' names no `languages`; mend it or move the file elsewhere")
        names = frozenset(str(one).lower() for one in languages)
        metadata = body.get("metadata")
        cwes = cwes_in(metadata.get("cwe") if isinstance(metadata, dict) else None)
        text = yaml.safe_dump(body, sort_keys=True, allow_unicode=True)
        rules.append(Rule(body["id"], names, cwes, str(path), text))
    return rules


@cache
def _loader() -> type[Any]:
    """The C loader where it is to be had: thousands of rules take seconds with it and minutes without."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def cwes_in(value: object) -> tuple[int, ...]:
    """The CWE numbers in a rule's metadata: ``CWE-89: SQL Injection``, ``cwe-89``, 89, or a list of such."""
    values = value if isinstance(value, list) else [value]
    numbers: list[int] = []
    for one in values:
        if isinstance(one, int) and not isinstance(one, bool):
            numbers.append(one)
        elif isinstance(one, str):
            numbers += [int(number) for number in re.findall(r"(?:CWE[-_ ]?|^)(\d{1,4})", one, re.IGNORECASE)]
    return tuple(dict.fromkeys(numbers))


def laid(rules: Sequence[Rule], language: str, canary: str) -> bytes:
    """The rules of a language as one file for semgrep, with the canary's rule (YAML) at the end."""
    bodies: list[Any] = []
    seen: set[str] = set()
    for rule in rules:
        if rule.reads(language):
            body = yaml.safe_load(rule.body)
            while body["id"] in seen:
                body["id"] += "-again"
            seen.add(body["id"])
            bodies.append(body)
    return yaml.safe_dump({"rules": [*bodies, yaml.safe_load(canary)]}, sort_keys=True, allow_unicode=True).encode()
