"""How is a token wrapped, and how does one wrap something else in the same way? Used by oracles whose program hands out
texts and takes them back: a valid token is peeled layer by layer (encodings, compressions, JSON, parts with a checksum
or a signature), and each layer can be built again around other content, as an attacker would who has read the source.

Tokens are hostile: everything that is unpacked is capped, and what cannot be read is no layer.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import hashlib
import hmac
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

CAP = 1 << 18
MOST = 40
DIGESTS = ("sha256", "sha1", "md5", "sha512", "blake2b", "sha384")

Build = Callable[[bytes], bytes]


class Layer(NamedTuple):
    """Content found in a token, how to build a token around other content, and the key that a signature was made with:
    None where there is no signature, b'' for a mere checksum."""

    content: bytes
    build: Build
    key: bytes | None


def peel(token: bytes, keys: Sequence[bytes] = ()) -> list[Layer]:
    """Every layer of a token, the outermost (the token itself) first; at most ``MOST``. ``keys`` are tried where a part
    looks like the signature of another."""
    layers = [Layer(token[:CAP], lambda content: content, None)]
    seen = {(layers[0].content, layers[0].key)}
    for outer in layers:
        for inner in _below(outer.content, keys):
            key = _stronger(outer.key, inner.key)
            if len(layers) >= MOST:
                return layers
            if (inner.content, key) not in seen:
                seen.add((inner.content, key))
                layers.append(Layer(inner.content, _through(outer.build, inner.build), key))
    return layers


def _stronger(*keys: bytes | None) -> bytes | None:
    """The key that an attacker needs most: a key before a checksum before nothing."""
    return max((key for key in keys if key is not None), key=len, default=None)


def _through(outer: Build, inner: Build) -> Build:
    return lambda content: outer(inner(content))


def _below(content: bytes, keys: Sequence[bytes]) -> Iterator[Layer]:
    yield from _signed(content, keys)
    for decode, encode in CODINGS:
        try:
            inner = decode(content)
        except (ValueError, binascii.Error, OSError, EOFError, zlib.error, lzma.LZMAError):
            continue
        if len(inner) > 3:
            whole = encode(inner)
            padded = whole != content and whole.rstrip(b"=") == content
            yield Layer(inner, (lambda new, encode=encode: encode(new).rstrip(b"=")) if padded else encode, None)
    for key in keys:
        mixed = _mixed(content, key)
        if mixed[:1] in (b"\x80", b"{", b"(") and mixed[-1:] in (b".", b"}"):
            yield Layer(mixed, lambda new, key=key: _mixed(new, key), key)
    yield from _json(content, keys)


def _mixed(content: bytes, key: bytes) -> bytes:
    """Exclusive or with a key that is repeated, which home-made encryption often is."""
    return bytes(one ^ key[at % len(key)] for at, one in enumerate(content))


def _json(content: bytes, keys: Sequence[bytes]) -> Iterator[Layer]:
    """Texts in a JSON document; where another text beside it is a signature, that is made again."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return
    if isinstance(value, str):
        yield Layer(value.encode("utf-8", "replace"), lambda new: json.dumps(new.decode("latin-1")).encode(), None)
    if not isinstance(value, dict):
        return
    texts = {name: part.encode("utf-8", "replace") for name, part in value.items() if isinstance(part, str)}
    texts = dict(list(texts.items())[:8])

    def with_texts(**changed: bytes) -> bytes:
        return json.dumps({**value, **{name: one.decode("latin-1") for name, one in changed.items()}}).encode()

    for name, text in texts.items():
        if len(text) < 4:
            continue
        yield Layer(text, lambda new, name=name: with_texts(**{name: new}), None)
        for other, tag in texts.items():
            if other != name and (found := _signature(text, tag, keys)):
                key, sign = found
                yield Layer(
                    text,
                    lambda new, name=name, other=other, sign=sign: with_texts(**{name: new, other: sign(new)}),
                    key,
                )


def _signed(content: bytes, keys: Sequence[bytes]) -> Iterator[Layer]:
    """Two parts, one of which may be a checksum or signature of the other. A part is also a layer where the other part
    cannot be told: left as it is, or left out."""
    text = content.isascii() and not re.search(rb"[\x00-\x08\x0e-\x1f\x7f]", content)
    for mark in () if not text else (b".", b":", b"|", b"--", b"-", b"$", b"#", b"\n", b"~", b"&"):
        for left, right, swapped in _cuts(content, mark):
            if len(left) < 4:
                continue
            plausible = re.fullmatch(rb"[A-Za-z0-9+/=_-]+", right)
            if plausible and (found := _signature(left, right, keys)):
                key, sign = found
                yield Layer(left, _joined(mark, sign, swapped), key)
            else:
                yield Layer(left, _joined(mark, lambda new, right=right: right, swapped), None)
                yield Layer(left, lambda new: new, None)
    for size in (16, 20, 28, 32, 48, 64, 40, 56, 96, 128):
        if len(content) > size + 3:
            for left, right, swapped in (
                (content[:-size], content[-size:], False),
                (content[size:], content[:size], True),
            ):
                if found := _signature(left, right, keys):
                    yield Layer(left, _joined(b"", found[1], swapped), found[0])


def _cuts(content: bytes, mark: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """(data, other, whether the data comes last), at the last and the first mark."""
    if mark in content:
        before, _, after = content.rpartition(mark)
        yield before, after, False
        yield after, before, True
        if content.count(mark) > 1:
            before, _, after = content.partition(mark)
            yield before, after, False
            yield after, before, True


def _joined(mark: bytes, sign: Build, swapped: bool) -> Build:
    return lambda new: sign(new) + mark + new if swapped else new + mark + sign(new)


def _signature(data: bytes, tag: bytes, keys: Sequence[bytes]) -> tuple[bytes, Build] | None:
    """The key (b'' for none) and the rule by which ``tag`` was made from ``data``. A tag may be cut short to 8."""
    if not 4 <= len(tag) <= 180:
        return None
    for coded in (lambda n: b"%d" % n, lambda n: b"%x" % n, lambda n: b"%08x" % n):
        if coded(zlib.crc32(data)) == tag:
            return b"", lambda new, coded=coded: coded(zlib.crc32(new))
    if len(tag) < 8:
        return None
    decodings = [decode for decode in (bytes, _standard, _urlsafe, binascii.unhexlify) if _can(decode, data)]
    for key in (b"", *keys):
        for name in DIGESTS:
            for decode in decodings:
                for make in _ways(name, key):
                    digest = make(decode(data))
                    for coded in TAGS:
                        if coded(digest).startswith(tag):
                            return key, _signing(coded, make, decode, len(tag))
    return None


def _signing(coded: Build, make: Build, decode: Build, size: int) -> Build:
    return lambda new: coded(make(decode(new)))[:size]


def _can(decode: Build, data: bytes) -> bool:
    try:
        return bool(decode(data))
    except (ValueError, binascii.Error):
        return False


def _ways(name: str, key: bytes) -> list[Build]:
    if not key:
        return [lambda data: hashlib.new(name, data).digest()]
    return [
        lambda data: hmac.digest(key, data, name),
        lambda data: hashlib.new(name, key + data).digest(),
        lambda data: hashlib.new(name, data + key).digest(),
    ]


def literals(source: bytes) -> list[bytes]:
    """Texts between quotes in a program's source, the keys that whoever reads it knows."""
    found = re.findall(rb"""(?<![\w'"])[bBrRuU]{0,2}(?:"([^"\n\\]{2,100})"|'([^'\n\\]{2,100})')""", source[:CAP])
    return list(dict.fromkeys(one or other for one, other in found))[:40]


def _urlsafe(content: bytes) -> bytes:
    return base64.b64decode(content + b"=" * (-len(content) % 4), b"-_", validate=True)


def _standard(content: bytes) -> bytes:
    return base64.b64decode(content + b"=" * (-len(content) % 4), validate=True)


def _inflate(wbits: int) -> Build:
    return lambda content: zlib.decompressobj(wbits).decompress(content, CAP)


CODINGS: tuple[tuple[Build, Build], ...] = (
    (_standard, base64.b64encode),
    (_urlsafe, base64.urlsafe_b64encode),
    (binascii.unhexlify, binascii.hexlify),
    (lambda content: base64.b32decode(content, casefold=False), base64.b32encode),
    (base64.b85decode, base64.b85encode),
    (lambda content: base64.a85decode(content), base64.a85encode),
    (_inflate(15), zlib.compress),
    (_inflate(31), gzip.compress),
    (lambda content: bz2.BZ2Decompressor().decompress(content, CAP), bz2.compress),
    (lambda content: lzma.LZMADecompressor().decompress(content, CAP), lzma.compress),
    (
        lambda content: content.decode().encode("latin-1") if max(content, default=0) > 127 else _none(),
        lambda new: new.decode("latin-1").encode(),
    ),
)

TAGS: tuple[Build, ...] = (
    binascii.hexlify,
    bytes,
    base64.b64encode,
    base64.urlsafe_b64encode,
    lambda tag: base64.urlsafe_b64encode(tag).rstrip(b"="),
)


def _none() -> bytes:
    raise ValueError("not this coding")
