"""Model ids and hosts in configuration: JSON, YAML, TOML, .env, properties, ini, XML; compose, Helm and Kubernetes
files too.

Read line by line, never parsed into a tree: templates (Helm's braces), broken files and files nested a million deep
read like any other. What stands in a comment is left out; what stands under a key of prose is judged by ``judge``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from weighbridge.inventory.hits import Mention, Role, Wanted

SUFFIXES = (
    ".json",
    ".jsonc",
    ".json5",
    ".yaml",
    ".yml",
    ".toml",
    ".ini",
    ".cfg",
    ".conf",
    ".properties",
    ".env",
    ".xml",
    ".plist",
    ".tfvars",
)
NAMES = (".env", ".env.*", "*.env.*", "env.*", ".*rc")

_JSON = re.compile(r"//[^\n]*|\"((?:[^\"\\\n]|\\.)*)\"", re.MULTILINE)
_PAIR = re.compile(r"^\s*(?:export\s+|set\s+)?[\"']?([A-Za-z_][\w.\-]*)[\"']?\s*[=:]\s*(.*?)\s*$")
_QUOTED = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'")
_YAML = re.compile(r"^(\s*)((?:-\s+)*)(?:[\"']?([A-Za-z_$][\w.\-/$ ]{0,80}?)[\"']?\s*:(?:\s+|$))?(.*)$")
_RUN = {"command", "args", "entrypoint", "run", "script", "cmd", "before_script", "after_script", "exec", "test"}
_ASSIGNED = re.compile(r"^([A-Za-z_]\w*)=(\S+)$")
_XML = re.compile(
    r"<!--[\s\S]*?(?:-->|\Z)|<([A-Za-z][\w.\-:]*)[^<>]*>\s*([^<>]{1,300}?)\s*</|([\w.\-:]+)\s*=\s*\"([^\"<>]{1,300})\""
)


def read(text: str, name: str, wanted: Wanted) -> Iterator[Mention]:
    """Values with their keys."""
    low = name.lower()
    if low.endswith((".json", ".jsonc", ".json5")) or (low.endswith("rc") and text.lstrip()[:1] == "{"):
        yield from read_json(text)
    elif low.endswith((".yaml", ".yml")):
        yield from read_yaml(text)
    elif low.endswith((".xml", ".plist")):
        yield from _read_xml(text)
    else:
        yield from read_pairs(text)


def read_json(text: str, first: int = 1) -> Iterator[Mention]:
    """Strings of JSON, with or without comments; a string before a colon is a key."""
    line, at, key = first, 0, ""
    for found in _JSON.finditer(text):
        if found.group(1) is None:
            continue
        line, at = line + text.count("\n", at, found.start()), found.start()
        value, after = found.group(1), text[found.end() : found.end() + 8].lstrip()
        if after.startswith(":"):
            yield Mention(line, value, key="", role="weak")
            key = value
            continue
        before = text[max(0, found.start() - 40) : found.start()].rstrip()
        under = key if before[-1:] in (":", "[", ",") else ""
        assigned = _ASSIGNED.match(value) if under.lower() in ("env", "environment") else None
        if assigned:
            # As the configuration of a container's image has it: ["MODEL=…", "PATH=…"]
            yield Mention(line, assigned.group(1), "", "environment")
            yield Mention(line, assigned.group(2), assigned.group(1), "value")
            continue
        yield Mention(line, value.replace('\\"', '"'), under, "value")


def read_yaml(text: str, first: int = 1) -> Iterator[Mention]:
    """Scalars of YAML with the key they stand under; of a list, the key of the list; of ``name``/``value``, the
    name."""
    keys: list[tuple[int, str]] = []
    named, previous, block = "", "", -1
    for number, raw in enumerate(text.splitlines(), first):
        line = raw.expandtabs(2)[:4000]
        bare = line.strip()
        if not bare or bare.startswith("#") or bare == "---":
            continue
        indent = len(line) - len(line.lstrip())
        if block >= 0:
            if indent > block:
                # A block of text: a script, a file, or prose. Only what says itself what it is counts there.
                yield from _of_block(number, bare)
                continue
            block = -1
        found = _YAML.match(line)
        if not found:
            continue
        dashes, key, value = found.group(2), found.group(3) or "", _without_comment(found.group(4))
        at = indent + len(dashes)
        while keys and keys[-1][0] >= (at if key else indent + (1 if dashes else 0)):
            keys.pop()
        under = key or (previous if previous.startswith("-") else "") or (keys[-1][1] if keys else "")
        if key:
            keys.append((at, key))
            if key in ("name", "key"):
                named = _scalar(value)
            elif key in ("value", "default") and named:
                under = named
        if value[:1] in "|>" and len(value.split()) == 1 and value[:1]:
            block = at if key else indent
            continue
        parent = next((name for _, name in reversed(keys[:-1] if key else keys) if name), "")
        if key:
            yield Mention(number, key, "", "environment")
        for scalar, role in _scalars(value):
            assigned = _ASSIGNED.match(scalar) if not key else None
            if assigned:
                yield Mention(number, assigned.group(1), "", "environment")
                yield Mention(number, assigned.group(2).strip("\"'"), assigned.group(1), role)
                continue
            if under in _RUN and (" " in scalar):
                yield Mention(number, scalar, "", "command")
                continue
            yield Mention(number, scalar, f"{parent}.{under}" if key == "name" and parent else under, role)
        if key and not value:
            yield Mention(number, key, "", "weak")
        previous = _scalar(value) if not key else ""


def _scalars(value: str) -> Iterator[tuple[str, Role]]:
    if value[:1] in ("[", "{"):
        for found in _QUOTED.finditer(value):
            yield (found.group(1) or found.group(2) or "", "value")
        for bare in re.findall(r"(?:^|[\[,:{])\s*([A-Za-z@][\w.\-/:@]*)\s*(?=[,\]}]|$)", _QUOTED.sub("", value)):
            yield bare, "value"
    elif value:
        yield _scalar(value), "value"


def _scalar(value: str) -> str:
    quoted = _QUOTED.match(value)
    return (quoted.group(1) or quoted.group(2) or "") if quoted else value.strip()


def _without_comment(value: str) -> str:
    if value[:1] in "\"'":
        quoted = _QUOTED.match(value)
        return quoted.group() if quoted else value
    return re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()


def _of_block(number: int, line: str) -> Iterator[Mention]:
    yield Mention(number, line, "", "command")
    found = _PAIR.match(line.rstrip(","))
    if found:
        yield Mention(number, _scalar(_without_comment(found.group(2))), found.group(1), "value")


def read_pairs(text: str, first: int = 1) -> Iterator[Mention]:
    """``key = value`` lines: .env, properties, ini and TOML; a list goes on over lines until its bracket closes."""
    inside, quotes = "", ""
    for number, raw in enumerate(text.splitlines(), first):
        line = raw.strip()[:4000]
        if quotes:
            quotes = "" if quotes in line else quotes
            continue
        if not line or line[0] in "#;!" or line.startswith("//"):
            continue
        if inside:
            for found in _QUOTED.finditer(line.split(" #")[0]):
                yield Mention(number, found.group(1) or found.group(2) or "", inside, "value")
            inside = "" if "]" in _QUOTED.sub("", line) else inside
            continue
        pair = _PAIR.match(line)
        if not pair:
            if line[0] == "[":
                continue
            yield Mention(number, line, "", "command")
            continue
        key, value = pair.group(1), pair.group(2)
        yield Mention(number, key, "", "environment")
        for mark in ('"""', "'''"):
            if value.startswith(mark) and mark not in value[3:]:
                quotes = mark
        if quotes:
            continue
        if value[:1] in ("[", "{"):
            bare = _QUOTED.sub("", value)
            inside = key if value[0] == "[" and "]" not in bare else ""
            for found in _QUOTED.finditer(value):
                before = value[: found.start()].rstrip()
                inner = re.search(r"([\w\-]+)\s*=\s*$", before)
                yield Mention(number, found.group(1) or found.group(2) or "", inner.group(1) if inner else key, "value")
            continue
        yield Mention(number, _scalar(_without_comment(value)), key, "value")


def _read_xml(text: str) -> Iterator[Mention]:
    line, at = 1, 0
    for found in _XML.finditer(text):
        line, at = line + text.count("\n", at, found.start()), found.start()
        if found.group(2):
            yield Mention(line, found.group(2), found.group(1), "value")
        elif found.group(4):
            yield Mention(line, found.group(4), found.group(3), "value")
