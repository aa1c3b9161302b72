"""What does the catalogue's vocabulary look like as one pattern? The prefilter that most files and strings never pass.

Built once from the catalogue, carried to the workers as text: they need not load the catalogue, and a file in which
nothing looks like a model's name, an endpoint or a fetching command costs one search over its bytes. The patterns are
RE2's (github.com/google/re2), which reads each byte once whatever a hostile file holds: no look-around, no back
references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import re2

if TYPE_CHECKING:
    from weighbridge.catalog import Catalog

_GAP = "[-_. /:]?"
_END = "(?:[^a-z]|$)"
_NEEDLES = ("repo_id", "model_name_or_path", "base_model", "--model", "lms ", "pretrained", "bedrock")
_NEVER_ALONE = {"auto", "free", "router", "fusion", "spotlight", "uncensored", "early"}
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


@dataclass(frozen=True, slots=True)
class Patterns:
    """Sources of two patterns for ``compiled``: over one string, and over the bytes of a whole file."""

    strings: str
    files: str


@lru_cache(maxsize=8)
def compiled(pattern: str) -> Callable[[str | bytes], bool]:
    """Does the pattern stand in a text, or in bytes of any encoding that keeps ASCII? Case does not count."""
    options = re2.Options()
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1  # pyright: ignore[reportAttributeAccessIssue]  (not in its stubs)
    options.max_mem = 256 << 20
    search = re2.compile(pattern.encode(), options).search

    def seen(text: str | bytes) -> bool:
        return search(text.encode("utf-8", "replace") if isinstance(text, str) else text) is not None

    return seen


def patterns(book: Catalog, everyday: Iterable[str], packages: Iterable[str], variables: Iterable[str]) -> Patterns:
    """What a string, and what a file must hold to be looked at more closely."""
    strings = _of_strings(book, everyday)
    named = "|".join(sorted({re.escape(name).replace("\\-", "[-_]") for name in packages}))
    imported = rf"(?:^|\n)[ \t]*(?:from|import)[ \t]+(?:{named})(?:[^a-z0-9_]|$)|[\"'`](?:{named})[\"'`/]"
    others = "|".join(map(re.escape, (*_NEEDLES, *sorted(variables))))
    return Patterns(strings, rf"{strings}|{imported}|{others}")


def _of_strings(book: Catalog, everyday: Iterable[str]) -> str:
    """Every known name by its first two words, or by its first alone where that is a name of its own."""
    common = set(everyday)
    keys = [key for found in book.index.patterns.values() for key, _ in found]
    keys += [*book.index.exact, *(key for key, found in book.index.aliases.items() if any(not n for n, _ in found))]
    alone = {key[0] for key in keys if len(key) == 1 and key[0] not in _NEVER_ALONE}
    starts = [re.escape(head) + ("(?:[-_./:][0-9a-z]|[0-9])" if head in common else _END) for head in sorted(alone)]
    # One letter says so little that the whole name must follow: l3-lunaris, and not every l3.
    tied = {
        key if len(key[0]) == 1 else key[:2] for key in keys if key[1:] and (key[0] in common or key[0] not in alone)
    }
    starts += sorted({_name(key) for key in tied})
    # A name that means something in its router's namespace only: openrouter/auto.
    starts += sorted({
        f"{re.escape(name)}/{_GAP.join(map(re.escape, key))}"
        for key, found in book.index.aliases.items() for name, _ in found if name
    })  # fmt: skip
    domains = sorted(
        {re.escape(domain).replace(r"\*", "[^/]+") for host in book.facts.hosts for domain in host.domains}
    )
    return rf"(?:^|[^a-z0-9])(?:{'|'.join(starts)})|{'|'.join([*_ALWAYS, *domains])}"


def _name(key: tuple[str, ...]) -> str:
    pieces = [
        r"\d" if token in ("#", "%") else re.escape(token) + (_END if token.isalpha() else "") for token in key[1:]
    ]
    end = "(?:[^0-9]|$)" if len(key[0]) == 1 and key[-1].isdigit() else ""
    return _GAP.join([re.escape(key[0]), *pieces]) + end
