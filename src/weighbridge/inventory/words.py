"""What does the catalogue's vocabulary look like as one pattern? The prefilter that most files and strings never pass.

Built once from the catalogue, carried to the workers as text: they need not load the catalogue, and a file in which
nothing looks like a model's name, an endpoint or a fetching command costs one search over its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
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
            heads.setdefault(key[0], set()).add(f"{_GAP}{rest}(?![a-z])")
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


_TIED = bytes(c if (chr(c).isalnum() and c < 128) or c in b"-_./:" else 32 for c in range(256))
_ALPHA = bytes(c if 97 <= c <= 122 else 32 for c in range(256))
_GENERIC = {
    "ai",
    "together",
    "guidance",
    "instructor",
    "replicate",
    "cloud",
    "inference",
    "models",
    "gateway",
    "router",
    "localhost",
    "studio",
    "endpoints",
    "runtime",
    "google",
    "github",
    "tencent",
    "qianfan",
    "serving",
}
_NAMED = re.compile(rb"model\w*[\"']?\]?\s*[=:]\s*[\"'][\w.\-]+/\w")


@lru_cache(maxsize=100_000)
def _is_tied(word: bytes, tied: re.Pattern[bytes]) -> bool:
    """Most words of a file stood in an earlier file."""
    return tied.search(word) is not None


@dataclass(frozen=True)
class Quick:
    """Whether a file can mention a model at all, by set operations on its words: a hundred times cheaper than
    searching.

    ``heads`` are words that pass a file by themselves; ``everyday`` words pass it only where the pattern finds them
    tied to something (``command-r``); ``needles`` are short domains.
    """

    heads: frozenset[bytes]
    everyday: frozenset[bytes]
    starts: frozenset[bytes]
    needles: tuple[bytes, ...]

    def passes(self, raw: bytes, tied: re.Pattern[bytes]) -> bool:
        """True where the detector should read the file."""
        low = raw.lower()
        words = set(low.translate(_ALPHA).split())
        if not words.isdisjoint(self.heads) or any(needle in low for needle in self.needles) or _NAMED.search(low):
            return True
        if words.isdisjoint(self.everyday):
            return False
        return any(word[:2] in self.starts and _is_tied(word[:80], tied) for word in set(low.translate(_TIED).split()))


def quick(book: Catalog, everyday: Iterable[str], packages: Iterable[str]) -> Quick:
    """The words of the catalogue's names, of hosts' domains and of SDKs, sorted into those that are everyday and
    those not."""
    common = set(everyday)
    found = [key for patterns in book.index.patterns.values() for key, _ in patterns]
    keys = [key for key in (*found, *book.index.exact, *book.index.aliases) if key and key[0] not in "#%"]
    heads = {match.group() for key in keys if (match := re.match(r"[a-z]+", key[0]))}
    heads |= {
        "pretrained",
        "huggingface",
        "hf",
        "ollama",
        "vllm",
        "sglang",
        "llamacpp",
        "openrouter",
        "sentencetransformer",
        "openai",
        "anthropic",
        "amazonaws",
        "azure",
        "googleapis",
        "bedrock",
    }
    heads |= {name for name in packages if name.isalpha() and len(name) > 3 and name not in _GENERIC}
    needles: set[str] = {"repo_id", "model_name_or_path", "base_model", "--model", "lms "}
    for domain in (domain for host in book.facts.hosts for domain in host.domains):
        labels = [label for label in re.findall(r"[a-z]+", domain) if len(label) > 5 and label not in _GENERIC | common]
        heads |= set(labels)
        needles |= set() if labels else {domain}
    short = {f"{head}{digit}" for head in common if len(head) == 1 for digit in "0123456789-"}
    return Quick(
        frozenset(head.encode() for head in heads - common if len(head) > 1),
        frozenset(head.encode() for head in common),
        frozenset(start.encode() for start in {head[:2] for head in common if len(head) > 1} | short),
        tuple(sorted(needle.encode() for needle in needles)),
    )
