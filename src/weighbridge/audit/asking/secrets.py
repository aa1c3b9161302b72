"""Keeps keys out of everything that is written or shown: an endpoint may echo the key that it was sent.

Keys come from the environment and go into request headers. Every body that comes back, and every message of an
exception, passes through here before it is parsed, journalled, printed or counted.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, urlsplit, urlunsplit

SHORTEST = 8
"""Shorter keys are stand-ins ("none", "test"), not secrets, and taking them out would change answers."""
STANDS_FOR_KEY = "[key removed]"


class Secrets:
    """The keys of a plan, in every form in which they could come back."""

    def __init__(self, keys: Iterable[str]) -> None:
        forms: set[str] = set()
        for key in keys:
            if len(key) < SHORTEST:
                continue
            coded = base64.b64encode(key.encode()).decode().rstrip("=")
            forms |= {key, quote(key, safe=""), json.dumps(key)[1:-1], json.dumps(key)[1:-1].replace("/", "\\/"), coded}
        self._forms = sorted(forms, key=len, reverse=True)

    def removed(self, text: str) -> str:
        """The text without any key in it."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, STANDS_FOR_KEY)
        return text


def without_login(url: str | None) -> str:
    """An address without the user's name and password that it may hold."""
    if not url:
        return ""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
