"""What does the catalogue's vocabulary look like as one pattern? The prefilter that most files and strings never pass.

Built once from the catalogue, carried to the workers as text: they need not load the catalogue, and a file in which
nothing looks like a model's name, an endpoint or a fetching command costs one search over its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.catalog import Catalog

_GAP = "[-_. /:]?"
_ALWAYS = [
    "from_pretrained",
    "huggingface",
    r"hf\.co/",
    "ollama",
    "vllm",
    "sglang",
    "llama-server",
    "llama-cli",
    "llama_cpp",
    r"--model\b",
    "--model-path",
    r"-hf ",
    r"model\w*[\"']?\]?\s*[=:]\s*[\"'][\w.\-]+/\w",
    "_api_key",
    "_api_token",
    "hf_token",
    "openrouter",
    "repo_id",
    "model_name_or_path",
    "base_model",
    "foundation-model",
    r"amazonaws\.com",
    r"azure\.com",
    r"googleapis\.com",
    "sentencetransformer",
    "openai",
    "anthropic",
]


def pattern(book: Catalog, everyday: Iterable[str]) -> str:
    """The source of a regular expression (to be compiled with IGNORECASE) over bytes or text."""
    common = set(everyday)
    heads: dict[str, set[str]] = {}
    keys = [key for found in book.index.patterns.values() for key, _ in found]
    keys += [*book.index.exact, *book.index.aliases]
    for key in keys:
        if not key or key[0] in "#%":
            continue
        rest = next((_piece(token) for token in key[1:]), "")
        if key[0] not in common or len(key) == 1:
            # A name of its own, or an everyday word with something tied to it: falcon-7b, claude-…
            heads.setdefault(key[0], set()).add(
                "" if key[0] not in common else "[-_./:]?[0-9a-z]" if len(key[0]) > 4 else "[-_./:][0-9a-z]|[0-9]"
            )
        else:
            heads.setdefault(key[0], set()).add(_GAP + rest)
    alternatives: list[str] = []
    for head, tails in sorted(heads.items()):
        tied = "" if "" in tails or not tails else f"(?:{'|'.join(sorted(tails))})"
        alternatives.append(re.escape(head) + tied)
    domains = sorted({re.escape(domain) for host in book.facts.hosts for domain in host.domains})
    return rf"(?<![a-z0-9])(?:{_trie(alternatives)})|{'|'.join([*_ALWAYS, *domains])}"


def _trie(alternatives: list[str]) -> str:
    """The alternatives grouped by their first two letters, so that most words fail at once."""
    groups: dict[str, list[str]] = {}
    for alternative in alternatives:
        first = alternative[0]
        groups.setdefault(first, []).append(alternative[1:])
    return "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in sorted(groups.items()))


def _piece(token: str) -> str:
    return r"\d" if token in ("#", "%") else re.escape(token)
