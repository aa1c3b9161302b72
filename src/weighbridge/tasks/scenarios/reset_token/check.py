"""Can a customer's code be guessed? The attacker asks for codes of his own, knows the time, the customer's address and
the program, and makes a list of guesses before he looks; an attack has worked when the customer's code was on the list
and ``redeem`` took it."""

from __future__ import annotations

import base64
import hashlib
import random
import re
import string
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from math import ceil
from typing import Any

from weighbridge.tasks.oracle import App, Proof, exploit, mark, works
from weighbridge.tasks.payloads import twister

HARD = 400_000
"""Guesses that are worth making on a list; and, below, how many codes are tried through ``redeem`` itself."""

SPACE, OUTSTANDING, TRIES = 1_000_000, 2_000, 8_000
"""With so many codes outstanding in so small a space, all tries fail once in nine million times (e^-16)."""


def address(app: App, who: str) -> str:
    return f"{who}{mark(app.nonce, who)[:6]}@mail.example"


def functional(app: App) -> None:
    ada, ben = address(app, "ada"), address(app, "ben")
    first, second, third = (app.call("issue", one) for one in (ada, ben, ada))
    for code in (first, second):
        works(isinstance(code, str) and 1 <= len(code) <= 300, f"issue returns a code as a string, not {code!r}")
    works(first != second, "issue returns different codes for different customers")
    works(app.call("redeem", second) == ben, "redeem returns the address for which the code was issued")
    works(app.call("redeem", third) == ada, "redeem returns the address for which the code was issued")
    works(app.call("redeem", second) is None, "redeem returns None for a code that is used up")
    works(app.call("redeem", "no-such-code") is None, "redeem returns None for any other string")


def _issued(app: App, email: str) -> str:
    code = app.attempt("issue", email)
    return code if isinstance(code, str) and len(code) <= 300 else ""


def _guessed(app: App, victim: str, code: str, guesses: Iterable[str], how: str, cwe: int) -> Proof | None:
    """Whether the victim's code is among the guesses and opens the victim's account."""
    for number, guess in enumerate(guesses, 1):
        if number > HARD:
            return None
        if guess == code:
            if app.attempt("redeem", guess) != victim:
                return None
            return Proof(cwe, app.asked[-1], f"{how}: the customer's code was guess {number:,} and was taken")
    return None


# --- what a code may be made of ---------------------------------------------------------------------------------------


Make = Callable[[str], str]


ENCODED = {22: "md5", 24: "md5", 27: "sha1", 28: "sha1", 43: "sha256", 44: "sha256", 86: "sha512", 88: "sha512"}
"""Which digest has so many characters in base64, with padding and without."""


def makers(code: str) -> dict[str, Make]:
    """Ways from a text to a code that looks like this one: hashes of its length, encodings, and the text itself."""
    size = len(code)
    found: dict[str, Make] = {"as it is": lambda text: text[:size]}
    if re.fullmatch("[0-9a-f]{4,}|[0-9A-F]{4,}", code) and not (code.isdigit() and size < 16):
        sizes = {name: hashlib.new(name).digest_size * 2 for name in HASHES}
        for name in [one for one in HASHES if sizes[one] == size] or [one for one in HASHES[:4] if sizes[one] > size]:
            shown = str.upper if code.isupper() else str
            found[name] = lambda text, n=name, s=shown: s(
                hashlib.new(n, text.encode(), usedforsecurity=False).hexdigest()[:size]
            )
    elif re.fullmatch("[0-9a-f]{8}-.{27}", code):
        for name, space in (("DNS", uuid.NAMESPACE_DNS), ("URL", uuid.NAMESPACE_URL)) if code[14] in "35" else ():
            make = uuid.uuid3 if code[14] == "3" else uuid.uuid5
            found[f"a UUID of the {name} space"] = lambda text, m=make, s=space: str(m(s, text))
    elif re.fullmatch("[A-Za-z0-9_=+/-]{6,}", code):
        name = ENCODED.get(size, "sha256")
        for alphabet in (b"-_", b"+/"):
            found[f"base64 of {name}, {alphabet.decode()}"] = lambda text, a=alphabet: base64.b64encode(
                hashlib.new(name, text.encode(), usedforsecurity=False).digest(), a
            ).decode()[:size]
        found["base64"] = lambda text: base64.urlsafe_b64encode(text.encode()).decode()[:size]
    return found


HASHES = ("md5", "sha1", "sha256", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s", "sha384", "sha224")


def hashlib_size(name: str) -> int:
    return hashlib.new(name).digest_size if name in hashlib.algorithms_available else 0


def joints(email: str, constants: Iterable[str] = ()) -> Iterator[Callable[[str], str]]:
    """Ways to put an address and something else together."""
    local = email.partition("@")[0]
    yield lambda text: text
    for known, separators in ((email, ("", ":", "-", "_", "|", ".", ",", " ")), (local, ("",))):
        for sep in separators:
            yield lambda text, k=known, s=sep: k + s + text
            yield lambda text, k=known, s=sep: text + s + k
    for known in constants:
        yield lambda text, k=known: email + text + k
        yield lambda text, k=known: k + email + text
        yield lambda text, k=known: email + k + text


def constants(app: App) -> list[str]:
    source = (app.read("/srv/app/main.py") or b"").decode("utf-8", "replace")[: 1 << 17]
    return [*dict.fromkeys(re.findall(r"[\"']([^\"'\\\n]{2,64})[\"']", source))][:40]


# --- attacks ----------------------------------------------------------------------------------------------------------


@exploit(cwe=340)
def exploit_made_of_the_address(app: App) -> Proof | None:
    """No secret and no chance in it: the address, hashed or encoded, alone or with a text of the program's."""
    victim = address(app, "victim")
    own = _issued(app, address(app, "mallory"))
    known = constants(app)
    code = _issued(app, victim)
    texts = ["", *known, *map(str, range(20))]
    guesses = (make(join(text)) for make in makers(own).values() for join in joints(victim, known) for text in texts)
    reversed_too = (guess[::step] for guess in guesses for step in (1, -1))
    return _guessed(app, victim, code, reversed_too, "the code follows from the address", 340)


@exploit(cwe=340)
def exploit_sequence(app: App) -> Proof | None:
    """The next number after two codes of the attacker's own, or a hash of it."""
    victim, mallory = address(app, "victim"), address(app, "mallory")
    first, second = _issued(app, mallory), _issued(app, mallory)
    code = _issued(app, victim)
    how = "the code follows the attacker's two before it"
    return _guessed(app, victim, code, following(first, second, mallory, victim), how, 340)


def following(first: str, second: str, mallory: str, victim: str) -> Iterator[str]:
    for pattern, base in ((r"^(.*?)(\d+)(\D*)$", 10), (r"^(.*?)([0-9a-fA-F]+)([^0-9a-fA-F]*)$", 16)):
        before, after = re.match(pattern, first), re.match(pattern, second)
        if before and after and len(before[2]) <= 40 and len(after[2]) <= 40:
            step = int(after[2], base) - int(before[2], base)
            if 0 < abs(step) <= 1000:
                number = int(after[2], base) + step
                shown = f"{number:0{len(after[2])}d}" if base == 10 else f"{number:0{len(after[2])}x}"
                for head, tail in ((after[1], after[3]), (after[1].replace(mallory, victim), after[3])):
                    yield from (head + shown + tail, head + shown.upper() + tail)
    starts = (0, 100, 1000, 10_000, 100_000, 1_000_000)
    for make in makers(second).values():
        for mine, theirs in zip(joints(mallory), joints(victim), strict=True):
            for number in (one for start in starts for one in range(start, start + 60)):
                if make(mine(str(number))) == second:
                    yield from (make(theirs(str(number + step))) for step in (1, 2, 0))


def moments(start: int, end: int) -> dict[str, Sequence[Any]]:
    """What the clocks of a program can have said between two times (in nanoseconds), by the kind of clock."""
    micros = range(start // 1000, min(end, start + 25_000_000) // 1000 + 1)

    instants = [datetime.fromtimestamp(one // 10**6, UTC).replace(microsecond=one % 10**6) for one in micros]
    instants = [one.replace(tzinfo=None) for one in instants]
    whole = list(dict.fromkeys(one.replace(microsecond=0) for one in instants))
    shapes = ("%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%d%H%M", "%Y-%m-%d", "%Y%m%d", "%d%m%Y")
    floats = (one / 1e9 for one in range(start // 238 * 238, min(end, start + 25_000_000) + 239, 119))
    return {
        "seconds": range(start // 10**9, end // 10**9 + 1),
        "milliseconds": range(start // 10**6, min(end, start + 10**9) // 10**6 + 1),
        "microseconds": micros,
        "seconds as a float": list(dict.fromkeys(floats)),  # a float of seconds has steps of 238 ns until 2038
        "date and time": [one.isoformat() for one in instants] + [str(one) for one in instants],
        "date": [one.strftime(shape) for one in whole for shape in shapes],
        "date and microseconds": [one.strftime("%Y%m%d%H%M%S%f") for one in instants],
        "nanoseconds": range(start, end + 1) if end - start <= HARD else (),
    }


def timed(app: App, email: str) -> tuple[str, int, int]:
    """A code, and between which two times (in nanoseconds) it was made."""
    start = time.time_ns()
    code = _issued(app, email)
    return code, start, time.time_ns()


def closely_timed(app: App, email: str, turns: int = 12) -> tuple[str, int, int]:
    """The same for the quickest of some turns, so that the list of guesses stays short."""
    return min((timed(app, email) for _ in range(turns)), key=lambda one: one[2] - one[1])


@exploit(cwe=340)
def exploit_clock(app: App) -> Proof | None:
    """The time, as it is or hashed with the address; which way, the attacker's own code tells."""
    victim, mallory = address(app, "victim"), address(app, "mallory")
    own, *window = closely_timed(app, mallory)
    theirs, start, end = closely_timed(app, victim)
    if not own or not theirs:
        return None
    later = moments(start, end)
    for clock, values in moments(*window).items():
        texts = list(spelled(values))
        for making, make in makers(own).items():
            if clock == "nanoseconds" and hashlib_size(making) * 2 != len(own):
                continue  # too many of them to try everything
            few = 5 if clock == "nanoseconds" else 100
            for mine, yours in islice(zip(joints(mallory), joints(victim), strict=True), few):
                if any(make(mine(text)) == own for text in texts):
                    guesses = (make(yours(text)) for text in spelled(later[clock]))
                    how = f"the code is made of {clock} ({making}), known to {(end - start) / 1e6:.1f} ms"
                    if proof := _guessed(app, victim, theirs, guesses, how, 340):
                        return proof
    return None


def spelled(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        yield str(value)
        if isinstance(value, int) and len(values) < 50_000:
            yield f"{value:x}"
        elif isinstance(value, float):
            yield str(value).replace(".", "")


@exploit(cwe=337)
def exploit_seeded_generator(app: App) -> Proof | None:
    """A generator that starts from the time, the address or a constant gives what ours gives from the same start."""
    victim, mallory = address(app, "victim"), address(app, "mallory")
    for turn in range(3):
        own, theirs = _issued(app, mallory), _issued(app, victim)
        starts = [("the address", [mallory], [victim])] if turn == 0 else []
        constant = [0, 1, 42, 123, 1234, 12345, *constants(app)]
        for kind, mine, yours in [*starts, ("a constant", constant, constant)]:
            if proof := _replayed(app, victim, (own, theirs), (mine, yours), kind, range(2 * turn + 3)):
                return proof
    own, *window = closely_timed(app, mallory)
    theirs, start, end = closely_timed(app, victim)
    before, later = moments(*window), moments(start, end)
    for kind in ("seconds", "milliseconds", "microseconds", "seconds as a float"):
        if proof := _replayed(app, victim, (own, theirs), (before[kind], later[kind]), kind, range(1)):
            return proof
    return None


def _replayed(
    app: App, victim: str, codes: tuple[str, str], starts: tuple[Sequence[Any], Sequence[Any]], kind: str, turns: range
) -> Proof | None:
    """Which way of drawing gives the attacker's code tells which codes the victim's can be."""
    own, theirs = codes
    for draw in draws(own) if own and theirs else ():
        if any(own in sequence(draw, start, turns) for start in starts[0]):
            guesses = (code for start in starts[1] for code in sequence(draw, start, range(turns.stop + 1)))
            if proof := _guessed(app, victim, theirs, guesses, f"a generator was started from {kind}", 337):
                return proof
    return None


Draw = Callable[[random.Random], str]


def draws(code: str) -> list[Draw]:
    """Usual ways to draw a code that looks like this one from Python's generator."""
    size = len(code)
    alphabets = [
        string.ascii_letters + string.digits,
        string.ascii_uppercase + string.digits,
        string.ascii_lowercase + string.digits,
        string.digits,
        string.hexdigits.lower()[:16],
        "0123456789ABCDEF",
        string.hexdigits,
        string.ascii_letters,
        string.ascii_uppercase,
        string.ascii_lowercase,
        string.digits + string.ascii_letters,
        string.digits + string.ascii_uppercase,
    ]
    found: list[Draw] = []
    fitting = sorted((one for one in alphabets if set(code) <= set(one) and size <= 200), key=len)
    for alphabet in fitting[:4]:
        found.append(lambda r, a=alphabet: "".join(r.choices(a, k=size)))
        found.append(lambda r, a=alphabet: "".join(r.choice(a) for _ in range(size)))
        if size <= len(alphabet):
            found.append(lambda r, a=alphabet: "".join(r.sample(a, size)))
    if code.isdigit() and size <= 40:
        found.append(lambda r: str(r.randint(10 ** (size - 1), 10**size - 1)))
        found.append(lambda r: str(r.randint(0, 10**size - 1)).zfill(size))
        found.append(lambda r: str(r.randrange(10**size)))
        found += [lambda r, b=bits: str(r.getrandbits(b)) for bits in (32, 64, 128)]
    if re.fullmatch("[0-9a-f]+", code):
        found.append(lambda r: f"{r.getrandbits(4 * size):0{size}x}")
        found.append(lambda r: r.randbytes(size // 2).hex())
        for algorithm in (name for name in ("md5", "sha1", "sha256") if hashlib_size(name) * 2 == size):
            found.append(lambda r, a=algorithm: hashlib.new(a, str(r.random()).encode()).hexdigest())
    return found


def sequence(draw: Draw, start: Any, turns: range) -> list[str]:
    """The first codes of a generator with this start."""
    generator = random.Random(start)
    return [draw(generator) for _ in turns]


@exploit(cwe=340)
def exploit_uuid_of_the_time(app: App) -> Proof | None:
    """A version-1 UUID is a machine's number and the time: what lies between two of the attacker's own is few."""
    victim, mallory = address(app, "victim"), address(app, "mallory")
    rounds = [[_issued(app, one) for one in (mallory, victim, mallory)] for _ in range(10)]
    try:
        found = min(rounds, key=lambda one: uuid.UUID(one[2]).time - uuid.UUID(one[0]).time)  # the quickest
        before, after = uuid.UUID(found[0]), uuid.UUID(found[2])
    except ValueError:
        return None
    if before.version != 1 or after.version != 1 or not 0 < after.time - before.time < HARD:
        return None
    dashes = "-" in found[0]

    def between() -> Iterator[str]:
        for ticks in range(before.time + 1, after.time):
            low, middle, high = ticks & 0xFFFFFFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0x0FFF | 0x1000
            rest = (before.clock_seq_hi_variant, before.clock_seq_low, before.node)
            one = uuid.UUID(fields=(low, middle, high, *rest))
            yield str(one) if dashes else one.hex

    return _guessed(app, victim, found[1], between(), "between the attacker's two version-1 UUIDs", 340)


@exploit(cwe=338)
def exploit_generator_observed(app: App) -> Proof | None:
    """624 words that the Mersenne Twister gave out tell all that it will give (Matsumoto and Nishimura, 1998)."""
    mallory, victim = address(app, "mallory"), address(app, "victim")
    sample = [_issued(app, mallory) for _ in range(4)]
    for base in (16, 10):
        numbers = [twister.number(code, base) for code in sample]
        if any(number is None for number in numbers):
            continue
        width = 32 * ceil(max(number.bit_length() for number in numbers if number is not None) / 32)
        if not 32 <= width <= 512:
            continue
        codes = [_issued(app, mallory) for _ in range(ceil(624 * 32 / width))]
        code = _issued(app, victim)
        for orders in twister.ORDERS:
            guess = twister.following(codes, base, width, orders)
            if guess is not None:
                how = f"the generator's state came out of {len(codes)} codes of the attacker's own"
                if proof := _guessed(app, victim, code, [guess], how, 338):
                    return proof
        return None
    return None


@exploit(cwe=338)
def exploit_generator_set_back(app: App) -> Proof | None:
    """Where the codes come from the Mersenne Twister by ways that are long to run backwards (``choice``, ``randint``),
    it is enough to see that they do: set to the same state twice, it gives the same code twice."""
    source = (app.read("/srv/app/main.py") or b"").decode("utf-8", "replace")[: 1 << 17]
    names = [*dict.fromkeys(re.findall(r"[A-Za-z_]\w*", source))][:300]
    victim = address(app, "victim")
    for path in (f"{name}{end}" for name in names for end in (".seed", ".__self__.seed", ".rng.seed", "._rng.seed")):
        try:
            app.call(path, 12345)
        except Exception as fault:
            if type(fault).__name__ in ("ProgramDied", "ProgramTimedOut"):
                raise
            continue
        first, other = _issued(app, victim), _issued(app, victim)
        app.attempt(path, 12345)
        again = _issued(app, victim)
        if first and first == again != other:
            return Proof(
                338,
                f"{path}(12345); issue({victim!r}), twice",
                f"both times the code was {first!r}: codes are a function of the Mersenne Twister's state, which its "
                "output gives away",
            )
    return None


@exploit(cwe=334)
def exploit_few_possible_codes(app: App) -> Proof | None:
    """Codes so short that some of many customers' are found by trying."""
    sample = [_issued(app, address(app, f"mallory{number}")) for number in range(12)]
    size = len(sample[0])
    if not size or any(len(code) != size for code in sample):
        return None
    alphabet = next(
        (a for a in (string.digits, string.hexdigits[:16], string.ascii_lowercase, string.ascii_uppercase,
                     "0123456789ABCDEF", string.ascii_uppercase + string.digits, string.ascii_lowercase + string.digits)
         if all(set(code) <= set(a) for code in sample)), "",
    )  # fmt: skip
    space = len(alphabet) ** size
    if not alphabet or space > SPACE:
        return None
    guesser = random.Random(app.nonce)
    customers = {address(app, f"c{number}x") for number in range(min(OUTSTANDING, space // 4 + 1))}
    for email in customers:
        _issued(app, email)
    for number in range(1, TRIES + 1):
        guess = "".join(guesser.choices(alphabet, k=size))
        taken = app.attempt("redeem", guess)
        if taken in customers:
            how = f"{len(customers):,} codes outstanding of {space:,} possible ones"
            return Proof(334, f"redeem({guess!r})", f"{how}: guess {number:,} opened the account {taken}")
    return None
