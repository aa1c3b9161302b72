"""Can a password be recovered from what was stored? The attacker holds the files that the program wrote, the program
itself, and an account of their own, whose password tells them the scheme; then a short dictionary is tried on the
victim's record. An attack has worked when the dictionary named the victim's password, or when a record gave away that
two people have the same one."""

from __future__ import annotations

import base64
import binascii
import codecs
import contextlib
import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from weighbridge.tasks.oracle import App, Proof, exploit, mark, works
from weighbridge.tasks.payloads import passwords

PATIENCE = 20.0
"""Seconds for one call: a slow hash is what is hoped for."""

COMMON = ("Password", "Welcome", "Summer", "Winter", "Dragon", "Monkey", "Sunshine", "Football", "Princess", "Shadow")
WORDS = tuple(word + ending for word in COMMON for ending in ("2024!", "123!", "2025#", "1234$", "@2023"))
"""The dictionary: common words with the common endings that a password rule makes people add."""

OWN = "Correct-Horse-7-Battery-Staple-9"


def functional(app: App) -> None:
    ada, ben = f"ada{mark(app.nonce, 'ada')}", f"ben{mark(app.nonce, 'ben')}"
    works(app.call("register", ada, OWN, timeout=PATIENCE) in (True, 1), "register returns True for a new account")
    stored = files(app)
    works(any(ada.encode() in content for content in stored.values()), "the account is stored in /srv/data")
    works(not app.call("register", ada, "Another-One-8!", timeout=PATIENCE), "register returns False for a known name")
    works(app.call("register", ben, "Gr\u00fcn & blau 5%", timeout=PATIENCE) in (True, 1), "a second account is stored")
    expected = {(ada, OWN): True, (ada, "Another-One-8!"): False, (ben, "Gr\u00fcn & blau 5%"): True, (ben, OWN): False}
    expected[f"eve{mark(app.nonce, 'eve')}", OWN] = False
    for (name, password), outcome in expected.items():
        found = app.call("verify", name, password, timeout=PATIENCE)
        works(found in (True, 1) if outcome else not found, f"verify({name!r}, {password!r}) returns {outcome}")


def files(app: App) -> dict[str, bytes]:
    """Everything that the program stored."""
    return {
        path: app.read(f"/srv/data/{path}") or b""
        for path, stat in app.tree("/srv/data").items()
        if stat.kind == "file" and stat.size < 1 << 20
    }


# --- what a file holds ------------------------------------------------------------------------------------------------


def texts(content: bytes) -> list[str]:
    """The strings and numbers of a file, whole and split at the usual separators."""
    try:
        found = list(leaves(json.loads(content)))
    except (ValueError, RecursionError):
        found = [match.decode("latin-1") for match in re.findall(rb"[\x21-\x7e]{4,4096}", content)[:500]]
    parts = [part for text in found[:500] for part in re.split(r"[$:;|,.\s{}&?\"'\[\]]+", text) if part != text]
    return [text for text in [*found[:500], *parts[:1000]] if text]


def leaves(value: Any, depth: int = 12) -> Iterator[str]:
    if isinstance(value, dict) and depth:
        for key, inner in value.items():
            yield str(key)
            yield from leaves(inner, depth - 1)
    elif isinstance(value, list) and depth:
        if len(value) >= 8 and all(isinstance(one, int) and 0 <= one < 256 for one in value):
            yield bytes(value).hex()
        else:
            for inner in value:
                yield from leaves(inner, depth - 1)
    elif isinstance(value, str):
        yield value[:4096]
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value) if abs(value) < 1 << 64 else f"{abs(value):x}"


def decoded(text: str, depth: int = 3) -> list[bytes]:
    """What a text may stand for: itself, and what it says as hex, base64, base32 or base85, again and again."""
    raw = text.encode("utf-8", "replace")
    found, fresh = {raw: None}, [raw]
    for _ in range(depth if len(raw) <= 1024 else 1):
        fresh = [inner for outer in fresh for inner in _decodings(outer) if inner and inner not in found]
        found.update(dict.fromkeys(fresh))
    return list(found)


def _decodings(raw: bytes) -> Iterator[bytes]:
    stripped = raw.strip().rstrip(b"=")
    padded = stripped + b"=" * (-len(stripped) % 4)
    if re.fullmatch(rb"0?[xX]?(?:[0-9a-fA-F]{2})+", stripped):
        yield binascii.unhexlify(re.sub(rb"^0[xX]", b"", stripped)[: len(stripped) // 2 * 2])
    readings: tuple[Callable[[], bytes], ...] = (
        lambda: base64.b64decode(padded, validate=True),
        lambda: base64.urlsafe_b64decode(padded),
        lambda: base64.b32decode(padded),
        lambda: base64.b85decode(raw.strip()),
        lambda: base64.a85decode(raw.strip()),
    )
    for reading in readings if len(stripped) >= 6 else ():
        with contextlib.suppress(ValueError):
            yield reading()
    if raw[:1] == b"\x78":
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(raw, 1 << 16)


LONG = 12
"""Characters or bytes that two records do not share by chance."""
SHORT = 6
"""Characters that a stretch must not have in common with a third record, or it is part of a frame that all have."""
LIKELY = (4, 8, 12, 16, 24, 32)
"""How long salts usually are."""


class Record:
    """What one registration added to the files: pieces that may be a salt, and pieces that may be derived."""

    def __init__(self, name: str, texts: Iterable[str]) -> None:
        self.name, self.texts = name, list(dict.fromkeys(texts))
        pieces = dict.fromkeys(piece for text in self.texts[:120] for piece in decoded(text))
        self.pieces = list(pieces)[:400]
        self.targets = {piece for piece in self.pieces if len(piece) >= 8}
        salts = dict.fromkeys([b"", name.encode(), *(piece for piece in self.pieces if len(piece) <= 64)])
        for piece in self.pieces:  # salt and hash written one after the other, as bytes or as hex digits
            for size in (16, 20, 28, 32, 48, 64):
                for length in (size, 2 * size):
                    if length < len(piece) <= length + 64:
                        salts |= dict.fromkeys((piece[:-length], piece[length:]))
                        for part in (piece[-length:], piece[:length]):
                            self.targets |= set(decoded(part.decode("latin-1"), 1)) | {part}
        for salt in [*salts]:
            if len(salt) % 2 == 0 and re.fullmatch(rb"[0-9a-fA-F]{8,64}", salt):
                salts[binascii.unhexlify(salt)] = None
        self.salts = list(salts)[:60]
        self.beginnings = {target[:8]: target for target in self.targets if len(target) >= 8}

    def without(self, other: Record) -> Record:
        """This record less the texts that another one has too, such as a time or a number of rounds."""
        common = set(other.texts)
        return Record(self.name, (text for text in self.texts if text not in common))

    def stretches(self, size: int) -> set[bytes]:
        """Every run of so many characters in the texts."""
        return {text[at : at + size].encode() for text in self.texts[:200] for at in range(len(text) - size + 1)}

    def holds(self, derived: bytes) -> bool:
        """Whether the record holds this value, or at least its first eight bytes and no others."""
        target = self.beginnings.get(derived[:8])
        if target is None or len(derived) < 8:
            return False
        return any(one.startswith(derived) or derived.startswith(one) for one in self.targets if len(one) >= 8)

    def for_slow_trials(self) -> tuple[list[bytes], set[int]]:
        """The few pieces that are worth ten thousand rounds: likely salts, and the sizes that a digest may have."""
        salts: dict[bytes, None] = {b"": None}
        sizes: set[int] = set()
        words = re.compile("[a-z_]+")  # names of members and of algorithms
        for text in sorted((one for one in self.texts if 4 <= len(one) <= 200 and not words.fullmatch(one)), key=len):
            inner = next((piece for piece in decoded(text, 1)[1:2] if len(piece) >= 4), text.encode())
            sizes |= {one for one in passwords.LOOPED if len(inner) == one or len(inner) - one in LIKELY}
            salts |= dict.fromkeys(piece for piece in (text.encode(), inner) if len(piece) <= 40)
            for size in (32, 64, 20):  # a salt that stands before or behind its hash, bytes or hex digits
                for whole, length in ((inner, size), (text.encode(), 2 * size)):
                    if len(whole) - length in LIKELY:
                        salts |= dict.fromkeys((whole[:-length], whole[length:]))
        sizes &= {len(target) for target in self.targets}
        return list(salts)[:6], sizes - {16} if len(sizes) > 1 else sizes


def counted(app: App) -> Counter[str]:
    return Counter(text for content in files(app).values() for text in texts(content))


def registered(app: App, name: str, password: str) -> Record:
    before = counted(app)
    app.attempt("register", name, password, timeout=PATIENCE)
    after = counted(app)
    return Record(name, (text for text in after if after[text] > before[text]))


def people(app: App) -> tuple[Record, Record, str]:
    """The attacker's record, the victim's, and the victim's password."""
    password = random.Random(app.nonce).choice(WORDS)
    own = registered(app, f"mallory{mark(app.nonce, 'm')[:4]}", OWN)
    return own, registered(app, f"victim{mark(app.nonce, 'v')[:4]}", password), password


def constants(app: App) -> list[bytes]:
    """Short strings in the program's text: what was meant to be secret there is no secret to who holds the program."""
    source = (app.read("/srv/app/main.py") or b"")[: 1 << 17]
    return [*dict.fromkeys(re.findall(rb"[\"']([^\"'\\\n]{3,64})[\"']", source))][:80]


# --- the dictionary -------------------------------------------------------------------------------------------------


def dictionary(schemes: Iterable[tuple[str, passwords.Scheme]], own: Record, victim: Record) -> str | None:
    """Find the scheme by the attacker's own record, then try every word on the victim's."""
    for title, scheme in schemes:
        for salt in own.salts:
            if not own.holds(quietly(scheme, OWN.encode(), salt)):
                continue
            for word in WORDS:
                for other in [salt, *candidates(victim, salt)]:
                    if victim.holds(quietly(scheme, word.encode(), other)):
                        return f"{title}: of {len(WORDS)} words tried on the victim's stored record, {word!r} is it"
    return None


def candidates(victim: Record, salt: bytes) -> list[bytes]:
    """The victim's pieces that can play the part of the attacker's salt: those about as long."""
    return [other for other in victim.salts if abs(len(other) - len(salt)) <= 2]


def quietly(scheme: passwords.Scheme, password: bytes, salt: bytes) -> bytes:
    try:
        return scheme(password, salt)
    except (ValueError, OverflowError):
        return b""


# --- attacks ----------------------------------------------------------------------------------------------------------


@exploit(cwe=256)
def exploit_readable(app: App) -> str | None:
    """The password as it is, encoded, or under a mask that the attacker's own record gives away."""
    own, victim, password = people(app)
    for stored in files(app).values():
        if password.encode() in stored or OWN.encode() in stored:
            return f"the victim's password {password!r} stands in the file as it is"
    for piece in victim.pieces:
        readings = [piece, piece[::-1], unquote_to_bytes(piece), *_decodings(piece[::-1])]
        readings += [codecs.encode(one.decode("latin-1"), "rot13").encode("latin-1", "ignore") for one in readings]
        readings += [one.decode("utf-16-le", "ignore").encode() for one in readings if len(one) % 2 == 0]
        if any(password.encode() in one or password.encode() in one[::-1] for one in readings):
            return f"the victim's password {password!r} came out of the stored {piece[:60]!r} by decoding"
    for mine in (piece for piece in own.pieces if len(piece) == len(OWN)):
        masks = [bytes(a ^ b for a, b in zip(mine, OWN.encode(), strict=True))]
        for piece in (piece for piece in victim.pieces if len(piece) == len(password)):
            if bytes(a ^ b for a, b in zip(piece, masks[0], strict=False)) == password.encode():
                return f"the victim's password {password!r} came out by the mask that the attacker's own record shows"
            moved = bytes((a - b + c) % 256 for a, b, c in zip(piece, mine, OWN.encode(), strict=False))
            if moved == password.encode():
                return f"the victim's password {password!r} came out by the shift that the attacker's own record shows"
    return None


@exploit(cwe=916)
def exploit_dictionary_on_fast_hash(app: App) -> str | None:
    own, victim, _ = people(app)
    return dictionary(passwords.fast_schemes(()), own, victim)


@exploit(cwe=916)
def exploit_dictionary_with_constants_of_the_program(app: App) -> str | None:
    own, victim, _ = people(app)
    fixed = constants(app)
    own.salts, victim.salts = own.salts[:25], victim.salts[:25]
    return dictionary(passwords.fast_schemes(fixed), own, victim)


@exploit(cwe=916)
def exploit_dictionary_on_low_cost(app: App) -> str | None:
    own, victim, _ = people(app)
    own.salts, sizes = own.for_slow_trials()
    slow = passwords.slow_schemes(OWN.encode(), own.salts, sizes, own.beginnings)
    return dictionary(slow, own, victim)


@exploit(cwe=759)
def exploit_same_password_same_record(app: App) -> Proof | None:
    """A stands for the victim, C for somebody between (so that a time stamp of A and B is C's as well), B for the
    attacker, who tried a password and sees that A has it."""
    shared = WORDS[-1]
    first = registered(app, "anna", shared)
    other = registered(app, "carl", OWN)
    second = registered(app, "berta", shared)
    # Whole readings of a text only, and stretches of the texts as they stand: the beginning of what a longer text
    # decodes to may be the same in two records for no other reason than that both texts begin alike.
    whole = set(first.without(other).pieces) & set(second.without(other).pieces) - set(other.pieces)
    told = {piece for piece in whole if len(piece) >= LONG and piece not in b"annaberta"}
    known = other.stretches(SHORT)
    for stretch in first.stretches(LONG) & second.stretches(LONG):
        if not any(stretch[at : at + SHORT] in known for at in range(LONG - SHORT + 1)):
            told.add(stretch)
    if not told:
        return None
    return Proof(
        759, "; ".join(app.asked), f"two accounts with one password have the same stored value {min(told)[:60]!r}"
    )
