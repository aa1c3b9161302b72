"""How may a password have been turned into what was stored? Schemes that are quick enough to be tried.

Each scheme is a function of password and salt with a title. The fast ones are all to be tried; of the slow ones
(PBKDF2, loops, scrypt with too low a cost) the one that fits a record whose password is known is found. Used by oracles
whose program stores passwords.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice

ROUNDS = 10_000
"""Rounds of PBKDF2 or of a loop below which a record counts as fast to try. OWASP's Password Storage Cheat Sheet has
asked for 600,000 of PBKDF2-HMAC-SHA256 since December 2022; NIST SP 800-63B (June 2017, section 5.1.1.2) for at least
10,000. The older and lower figure is used, so that only what no standard of this decade allows is called vulnerable."""

SCRYPT_COSTS = tuple(2**power for power in range(1, 11))
"""N up to 1,024 with r = 8; OWASP's lowest is 8,192 with p = 10 (same sheet)."""

ALGORITHMS = (
    *("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512"),
    *("blake2b", "blake2s", "ripemd160", "sha512_256"),
)
LOOPED = {16: ("md5",), 20: ("sha1",), 32: ("sha256",), 64: ("sha512",)}

Scheme = Callable[[bytes, bytes], bytes]
"""Password and salt to what is stored."""


def digest(algorithm: str, message: bytes) -> bytes:
    try:
        return hashlib.new(algorithm, message, usedforsecurity=False).digest()
    except ValueError:  # not every OpenSSL has every algorithm
        return b""


def fast_schemes(extra: Iterable[bytes]) -> Iterator[tuple[str, Scheme]]:
    """One or two hashes over password, salt and at most one constant of the program."""
    joints: list[tuple[str, Scheme]] = [("password", lambda p, s: p)]
    for sep in (b"", b":", b"$", b"-", b"_", b"|", b" ", b".", b"\n", b"\0"):
        joints.append((f"password{sep.decode()!r}salt", lambda p, s, sep=sep: p + sep + s))
        joints.append((f"salt{sep.decode()!r}password", lambda p, s, sep=sep: s + sep + p))
    joints.append(("salt, password, salt", lambda p, s: s + p + s))
    for fixed in extra:
        for order in ("fps", "fsp", "pfs", "psf", "sfp", "spf"):
            joints.append(
                (f"a constant of the program, password and salt ({order})",
                 lambda p, s, f=fixed, order=order: b"".join({"f": f, "p": p, "s": s}[part] for part in order))
            )  # fmt: skip
    for algorithm in ALGORITHMS:
        if not digest(algorithm, b""):
            continue
        for title, joint in joints:
            yield f"{algorithm} of {title}", lambda p, s, a=algorithm, j=joint: digest(a, j(p, s))
        for title, joint in joints[:3]:
            for inner in ("md5", "sha1", "sha256", "sha512", algorithm):
                for spelled in (bytes, lambda raw: raw.hex().encode()):
                    yield (
                        f"{algorithm} of {title} over {inner}",
                        lambda p, s, a=algorithm, i=inner, j=joint, w=spelled: digest(a, j(w(digest(i, p)), s)),
                    )
                    yield (
                        f"{algorithm} over {inner} of {title}",
                        lambda p, s, a=algorithm, i=inner, j=joint, w=spelled: digest(a, w(digest(i, j(p, s)))),
                    )
        if algorithm not in ("ripemd160", "sha512_256"):
            yield f"HMAC-{algorithm} by the salt", lambda p, s, a=algorithm: hmac.digest(s or b"\0", p, a)
            yield f"HMAC-{algorithm} by the password", lambda p, s, a=algorithm: hmac.digest(p, s, a)
            for fixed in extra:
                key = fixed
                yield f"HMAC-{algorithm} by a constant", lambda p, s, a=algorithm, k=key: hmac.digest(k, s + p, a)
                yield f"HMAC-{algorithm} by a constant", lambda p, s, a=algorithm, k=key: hmac.digest(k, p + s, a)
    for size in (16, 20, 32, 48, 64):
        yield f"BLAKE2b of {size} bytes", lambda p, s, n=size: hashlib.blake2b(p + s, digest_size=n).digest()
        yield f"BLAKE2b of {size} bytes", lambda p, s, n=size: hashlib.blake2b(s + p, digest_size=n).digest()
        yield "salted BLAKE2b", lambda p, s, n=size: hashlib.blake2b(p, digest_size=n, salt=s[:16]).digest()
        yield "keyed BLAKE2b", lambda p, s, n=size: hashlib.blake2b(p, digest_size=n, key=s[:64]).digest()


def pbkdf2_rounds(algorithm: str, password: bytes, salt: bytes) -> Iterator[bytes]:
    """The first block of PBKDF2 (RFC 8018, section 5.2) after 1, 2, 3 … rounds."""
    start = hmac.new(password, None, algorithm)

    def step(message: bytes) -> bytes:
        keyed = start.copy()
        keyed.update(message)
        return keyed.digest()

    last = step(salt + b"\0\0\0\1")
    total, size = int.from_bytes(last, "big"), len(last)
    yield last
    while True:
        last = step(last)
        total ^= int.from_bytes(last, "big")
        yield total.to_bytes(size, "big")


def loop_rounds(algorithm: str, shape: str, password: bytes, salt: bytes) -> Iterator[bytes]:
    """A hash over its own result, after 1, 2, 3 … rounds. ``shape``: what starts it / what is mixed in where, with h
    for the last result (H: as hex digits), p for the password and s for the salt."""
    start, mixed = shape.split("/")
    before, last, after = re.split("([hH])", mixed)
    known = {"p": password, "s": salt}
    front, back = (b"".join(known[part] for part in side) for side in (before, after))
    make = getattr(hashlib, algorithm)
    value = make(b"".join(known[part] for part in start)).digest()
    while True:
        yield value
        value = make(front + (value.hex().encode() if last == "H" else value) + back).digest()


UNSALTED_LOOPS = ("p/h", "p/H", "p/hp", "p/Hp")
LOOPS = (
    *(f"{start}/{mixed}" for start in ("ps", "sp") for mixed in ("h", "H", "hs", "Hs", "sh", "hp", "hps")),
    *("p/hs", "p/Hs"),
)


def slow_schemes(
    password: bytes, salts: Iterable[bytes], sizes: Collection[int], beginnings: Collection[bytes]
) -> Iterator[tuple[str, Scheme]]:
    """The scheme, if any, whose cost is too low and whose result begins (8 bytes) like something in the record of a
    known password. ``sizes``: how long the result may be, in bytes."""
    for salt in salts:
        for algorithm in ("sha256", "sha512", "sha1"):
            if hashlib.new(algorithm).digest_size not in sizes and not (algorithm == "sha512" and 32 in sizes):
                continue
            for count, block in zip(range(1, ROUNDS), pbkdf2_rounds(algorithm, password, salt), strict=False):
                if block[:8] in beginnings:
                    yield (
                        f"PBKDF2-HMAC-{algorithm} with {count:,} rounds",
                        lambda p, s, a=algorithm, n=count: hashlib.pbkdf2_hmac(a, p, s, n),
                    )
                    return
        for algorithm in (name for size in sizes for name in LOOPED[size]):
            for shape in LOOPS if salt else UNSALTED_LOOPS:
                turns = loop_rounds(algorithm, shape, password, salt)
                for count, value in zip(range(1, ROUNDS), turns, strict=False):
                    if value[:8] in beginnings:
                        yield (
                            f"{algorithm} {count:,} times over",
                            lambda p, s, a=algorithm, h=shape, n=count: next(islice(loop_rounds(a, h, p, s), n - 1, n)),
                        )
                        return
        for cost in SCRYPT_COSTS:
            for block in (8, 1):
                for size in sizes:
                    if hashlib.scrypt(password, salt=salt, n=cost, r=block, p=1, dklen=size)[:8] in beginnings:
                        yield (
                            f"scrypt with N = {cost} and r = {block}",
                            lambda p, s, n=cost, r=block, d=size: hashlib.scrypt(p, salt=s, n=n, r=r, p=1, dklen=d),
                        )
                        return
