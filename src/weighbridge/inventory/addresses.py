"""Whose endpoint is this address, and does it name a model? Addresses lose their user, query and secrets before
anyone sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weighbridge.catalog import Catalog
    from weighbridge.catalog.rows import Host

_ADDRESS = re.compile(
    r"(?:(https?|wss?|grpcs?)://)?(?:[^\s/@\"'`<>]*@)?([A-Za-z0-9{$][\w.\-{}$]*\.[A-Za-z]{2,}|localhost|host\.docker\.internal|ollama|127\.0\.0\.1|0\.0\.0\.0)(:\d{2,5})?(/[^\s\"'`<>?#)]*)?"
)
_MODEL = re.compile(r"/(?:models|deployments|engines|foundation-models?)/([A-Za-z][\w.\-]*)")
_SECRET = re.compile(
    r"(?i)\b(?:sk|pk|rk|xai|gsk|hf|ghp|gho|github_pat|glpat|r8|pplx|fw|tgp|AKIA|ASIA|AIza|eyJ|xox[bap])[-_]?[A-Za-z0-9_\-]{12,}|[A-Fa-f0-9]{32,}|[A-Za-z0-9+/_]{40,}={0,2}"
)
_NOT_OWNERS = {
    "docs",
    "spaces",
    "datasets",
    "papers",
    "blog",
    "api",
    "models",
    "join",
    "settings",
    "new",
    "tasks",
    "collections",
    "learn",
    "chat",
    "pricing",
    "organizations",
    "posts",
    "course",
    "v1",
}


@dataclass(frozen=True, slots=True)
class Address:
    """One address in parts. ``hub_model`` is the repository that an address of Hugging Face leads to."""

    scheme: str
    domain: str
    port: str
    path: str

    @property
    def safe(self) -> str:
        """The address without user, query or anything that looks like a key."""
        return redacted(f"{self.scheme}{'://' if self.scheme else ''}{self.domain}{self.port}{self.path}")

    @property
    def model(self) -> str:
        """The model named in the path (``/models/…``, ``/deployments/…``), or nothing."""
        found = _MODEL.search(self.path)
        return found.group(1) if found else ""

    @property
    def hub_model(self) -> str:
        """``owner/name`` where the address is a model's page or file on Hugging Face or ModelScope."""
        if self.domain not in ("huggingface.co", "hf.co", "www.huggingface.co", "modelscope.cn", "hf-mirror.com"):
            return ""
        pieces = [piece for piece in self.path.removeprefix("/models").split("/") if piece]
        return "/".join(pieces[:2]) if len(pieces) >= 2 and pieces[0] not in _NOT_OWNERS else ""

    @property
    def fetched(self) -> bool:
        """The address is that of a file, not of a page."""
        return "/resolve/" in self.path


def redacted(text: str) -> str:
    """``text`` with everything that looks like a key replaced by an ellipsis."""
    return _SECRET.sub("…", text)


def found(text: str) -> Iterator[Address]:
    """The addresses in ``text``."""
    if "." not in text and ":" not in text:
        return
    for match in _ADDRESS.finditer(text[:4000]):
        yield Address(
            (match.group(1) or "").lower(), match.group(2).lower(), match.group(3) or "", match.group(4) or ""
        )


def host(address: Address, book: Catalog, words: dict[str, Any]) -> Host | None:
    """Who serves it, or None: no host of models, or only its web pages."""
    if (address.port and not address.domain.count(".")) or address.domain in (
        "127.0.0.1",
        "0.0.0.0",
        "host.docker.internal",
    ):
        known = book.host_of(f"localhost{address.port}") if address.port else None
    else:
        known = book.host_of(address.domain) if "." in address.domain else None
    if known is None or (not address.scheme and not address.port and address.domain.split(".")[0] == known.id):
        return None
    needed = words["needs"].get(known.id)
    whole = address.domain + address.port + address.path + "/"
    return known if not needed or any(piece in whole for piece in needed) else None
