"""Odd: the code is a hash of address, time, a counter and sixteen bytes of the system's; only its hash is kept."""

import hashlib
import itertools
import os
import time
import uuid

_counter = itertools.count(1)
_kept: dict[bytes, str] = {}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def issue(email: str) -> str:
    seed = f"{email}|{time.time()}|{next(_counter)}|{os.urandom(16).hex()}|{uuid.uuid4()}"
    code = hashlib.sha1(seed.encode()).hexdigest()
    for old in [digest for digest, owner in _kept.items() if owner == email]:
        del _kept[old]
    _kept[_digest(code)] = email
    return code


def redeem(code: str) -> str | None:
    return _kept.pop(_digest(code), None) if isinstance(code, str) else None
