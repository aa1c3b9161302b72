"""What do weights files say of themselves? GGUF and safetensors headers, by length limits; never the weights.

A header's lengths are claims of a stranger: each is held against what is left of ``HEADER`` bytes before it is
believed. Other formats (pickles, ONNX) are known by their names alone and are never opened. GGUF's layout follows its
specification (ggml-org/ggml, docs/gguf.md); safetensors' is eight bytes of length and JSON.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from weighbridge.inventory.hits import Mention, Wanted

SUFFIXES = (".gguf", ".safetensors", ".ggml", ".onnx", ".pt", ".pth", ".ckpt", ".bin", ".llamafile")
BINARY = True
ALWAYS = True

HEADER = 1 << 20
"""Bytes of a weights file that are read at most."""

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_SPEAKING = {
    "general.name",
    "general.basename",
    "general.base_model.0.repo_url",
    "general.base_model.0.name",
    "general.source.url",
    "general.repo_url",
}
_SHARD = re.compile(r"[-_.]0*(\d+)[-_]of[-_]0*(\d+)")
_WHOLE_METADATA = re.compile(rb'"__metadata__"\s*:\s*(\{[^{}]{0,20000}\})')


def read(file: BinaryIO, name: str, wanted: Wanted) -> Iterator[Mention]:
    """What the header says (roles weights and architecture), then the file's name. ValueError where the header lies."""
    shard = _SHARD.search(name)
    if shard and int(shard.group(1)) > 1:
        return
    low = name.lower()
    stem = re.sub(
        r"\.(gguf|safetensors|ggml|onnx|pt|pth|ckpt|bin|llamafile)$", "", _SHARD.sub("", name), flags=re.IGNORECASE
    )
    yield Mention(0, stem, low[low.rfind(".") + 1 :], "file name")
    if low.endswith(".gguf"):
        facts = gguf(file.read(HEADER))
        for key in sorted(_SPEAKING & facts.keys()):
            yield Mention(0, facts[key], key, "weights")
        if "general.architecture" in facts:
            yield Mention(0, facts["general.architecture"], "general.architecture", "architecture")
    elif low.endswith(".safetensors"):
        for key, value in safetensors(file.read(HEADER)).items():
            yield Mention(0, value, key, "weights")


def gguf(head: bytes) -> dict[str, str]:
    """The strings under ``general.`` of a GGUF header. Stops without fault where ``head`` ends in the middle."""
    if head[:4] != b"GGUF" or len(head) < 24:
        raise ValueError("is called .gguf and does not begin as GGUF")
    version, _, count = struct.unpack_from("<IQQ", head, 4)
    if version not in (1, 2, 3) or count > 100_000:
        raise ValueError(f"has a GGUF header with version {version} and {count} entries")
    found: dict[str, str] = {}
    at, wide = 24, 8

    def take(at: int) -> tuple[str, int]:
        (length,) = struct.unpack_from("<Q", head, at)
        if length > HEADER:
            raise ValueError(f"has a GGUF header with a string of {length} bytes")
        if at + wide + length > len(head):
            raise struct.error
        return head[at + wide : at + wide + length].decode("utf-8", "replace"), at + wide + length

    try:
        for _ in range(count):
            key, at = take(at)
            (kind,) = struct.unpack_from("<I", head, at)
            at += 4
            if kind == _STRING:
                value, at = take(at)
                if key.startswith("general.") and len(value) <= 300:
                    found[key] = value
            elif kind in _SIZES:
                at += _SIZES[kind]
            elif kind == _ARRAY:
                of, length = struct.unpack_from("<IQ", head, at)
                at += 12
                if of in _SIZES:
                    at += _SIZES[of] * length
                elif of == _STRING and length <= HEADER:
                    for _ in range(length):
                        _, at = take(at)
                else:
                    raise ValueError(f"has a GGUF header with an array of type {of} and length {length}")
            else:
                raise ValueError(f"has a GGUF header with a value of type {kind}")
    except struct.error:
        pass  # the rest lies behind what was read: the vocabulary, which comes after the names
    return found


def safetensors(head: bytes) -> dict[str, str]:
    """Strings of ``__metadata__`` that name a model. ValueError where the length or the JSON is none."""
    if len(head) < 9:
        raise ValueError("is too short for a safetensors header")
    (length,) = struct.unpack_from("<Q", head)
    if length > 100_000_000 or head[8:9] != b"{":
        raise ValueError(
            f"has a safetensors header of {length} bytes" if length > 100_000_000 else "has no safetensors header"
        )
    found = _WHOLE_METADATA.search(head[8 : 8 + length])
    if not found:
        return {}
    metadata = json.loads(found.group(1))
    wanted = re.compile(r"name|base_model|repo|source", re.IGNORECASE)
    return {
        key: value
        for key, value in metadata.items()
        if isinstance(value, str) and len(value) <= 300 and wanted.search(key)
    }
