"""Attack inputs do what they say: proved on small stand-ins written here, so that an oracle that finds nothing is known
to have asked the right thing. Pickles are read opcode by opcode and never loaded."""

import base64
import gzip
import hashlib
import hmac
import json
import os
import pickle
import pickletools
import posixpath
import sqlite3
import subprocess
import zlib
from pathlib import Path

import pytest

from weighbridge.tasks.payloads import pickles, shell, sql, template, traversal, wrapping

SECRET = "0123456789abcdef01234567"
CONTENT = pickle.dumps({"theme": "dark", "size": 14})


@pytest.mark.parametrize("name", traversal.climbing("secret.txt", inside="2024"))
def test_climbing_names_lead_to_the_target(name: str) -> None:
    assert posixpath.normpath(f"/srv/data/files/{name}") == "/srv/data/secret.txt"


@pytest.mark.parametrize("name", traversal.absolute("/srv/data/secret.txt"))
def test_absolute_names_take_over_a_join(name: str) -> None:
    assert posixpath.normpath(posixpath.join("/srv/data/files", name)).lstrip("/") == "srv/data/secret.txt"


def test_stripping_once_leaves_a_way_up() -> None:
    stripped = [name.replace("../", "").replace("..\\", "") for name in traversal.stripped("secret.txt")]
    assert sum(posixpath.normpath(f"/a/{name}") == "/secret.txt" for name in stripped) >= 2


@pytest.fixture
def shop() -> sqlite3.Connection:
    base = sqlite3.connect(":memory:")
    base.executescript("CREATE TABLE accounts (id, token); CREATE TABLE orders (id INTEGER, customer_id, item, price);")
    base.execute("INSERT INTO accounts VALUES (1, ?)", (SECRET,))
    base.executemany("INSERT INTO orders VALUES (?, 1, ?, 5)", [(1, "desk lamp"), (2, "floor lamp"), (3, "shelf")])
    return base


PLACES = {
    "text": ("SELECT id FROM orders WHERE customer_id = 1 AND item LIKE '%{}%' ORDER BY id", sql.in_text("lamp")),
    "number": ("SELECT id FROM orders WHERE customer_id = {} ORDER BY id", sql.in_number(1)),
    "column": ("SELECT id FROM orders ORDER BY {} asc", sql.in_column("id")),
    "quoted column": ('SELECT id FROM orders ORDER BY "{}" asc', sql.in_column("id")),
    "direction": ("SELECT id FROM orders ORDER BY price {}", sql.in_direction("id")),
}


@pytest.mark.parametrize("place", PLACES)
def test_some_template_for_each_place_tells_the_secret(shop: sqlite3.Connection, place: str) -> None:
    statement, templates = PLACES[place]

    def rows(text: str) -> object:
        try:
            return shop.execute(statement.replace("{}", text)).fetchall()
        except sqlite3.Error:
            return None

    told = [all(rows(pair.holds) != rows(pair.fails) for pair in sql.pairs(one, SECRET)) for one in templates]
    assert any(told)


def test_a_pair_differs_in_nothing_but_a_number() -> None:
    for template_ in (*sql.in_text("lamp"), *sql.in_number(1), *sql.in_column("id"), *sql.in_direction("id")):
        for pair in sql.pairs(template_, SECRET):
            for spelt in sql.spelled(pair):
                assert spelt.holds.rpartition("=")[0].split("=")[0] == spelt.fails.rpartition("=")[0].split("=")[0]
                assert spelt.holds != spelt.fails


def test_a_parameter_does_not_tell_the_halves_of_a_pair_apart(shop: sqlite3.Connection) -> None:
    for pair in sql.pairs(sql.in_text("lamp")[0], SECRET):
        found = [shop.execute("SELECT id FROM orders WHERE item LIKE ?", (f"%{text}%",)).fetchall() for text in pair]
        assert found == [[], []]


@pytest.mark.parametrize("command", ["grep {} app.log", "grep '{}' app.log", 'grep "{}" app.log'])
def test_shell_texts_make_their_file_however_they_are_quoted(tmp_path: Path, command: str) -> None:
    made = 0
    for text in shell.planting("hit", "ERROR"):
        subprocess.run(
            command.replace("{}", text), shell=True, cwd=tmp_path, capture_output=True, stdin=subprocess.DEVNULL
        )
        made += (tmp_path / "hit").exists()
        (tmp_path / "hit").unlink(missing_ok=True)
    assert made >= 6


def test_every_pickle_is_well_formed_and_names_something_to_call() -> None:
    found = list(pickles.planting("/srv/data/hit"))
    for one in found:
        opcodes = {opcode.name for opcode, _, _ in pickletools.genops(one)}
        assert opcodes & {"GLOBAL", "STACK_GLOBAL", "INST"}
        assert "STOP" in opcodes
        assert "hit" in one.decode("latin-1") or "chr(" in one.decode("latin-1")
    assert len(found) == len(set(found)) > 30


def test_python_expressions_parse() -> None:
    walk = template.python_without_builtins("/srv/data/hit", ("price",))
    for one in (*template.python_with_builtins("/srv/data/hit", "/srv/data/secret.txt"), *walk):
        compile(one, "<expression>", "eval")


def test_a_disguised_expression_is_the_same_to_python_but_has_no_two_underscores() -> None:
    for one in template.python_without_builtins("/srv/data/hit"):
        for other in template.disguised(one):
            assert "__" not in other
            names = set(compile(one, "", "eval").co_names)
            assert names <= set(compile(other, "", "eval").co_names) | {"__name__"} or "__name__" in names


def hexed_hmac(key: bytes, content: bytes) -> bytes:
    return base64.b64encode(content) + b"." + hmac.new(key, base64.b64encode(content), "sha256").hexdigest().encode()


WRAPPED = {
    "base64": (base64.b64encode, None),
    "urlsafe without padding": (lambda c: base64.urlsafe_b64encode(c).rstrip(b"="), None),
    "hex": (lambda c: c.hex().encode(), None),
    "base85 of zlib": (lambda c: base64.b85encode(zlib.compress(c)), None),
    "base64 twice over gzip": (lambda c: base64.b64encode(base64.b64encode(gzip.compress(c, mtime=0))), None),
    "checksum": (lambda c: base64.b64encode(c) + b":" + hashlib.sha256(c).hexdigest().encode(), b""),
    "JSON with a checksum": (
        lambda c: json.dumps(
            {"data": base64.b64encode(c).decode(), "check": hashlib.md5(base64.b64encode(c)).hexdigest()}
        ).encode(),
        b"",
    ),
    "signed, key known": (lambda c: hexed_hmac(b"change-me", c), b"change-me"),
    "raw signature before the content": (
        lambda c: base64.urlsafe_b64encode(hmac.digest(b"change-me", c, "sha256") + c),
        b"change-me",
    ),
    "exclusive or": (lambda c: base64.b64encode(bytes(x ^ b"change-me"[i % 9] for i, x in enumerate(c))), b"change-me"),
}


@pytest.mark.parametrize("how", WRAPPED)
def test_a_token_is_peeled_and_built_again_around_other_content(how: str) -> None:
    wrap, key = WRAPPED[how]
    keys = wrapping.literals(b"KEY = 'change-me'  # other 'texts'")
    found = [layer for layer in wrapping.peel(wrap(CONTENT), keys) if layer.content == CONTENT]
    assert key in {layer.key for layer in found}
    other = b"other content of another length."
    rebuilt = [layer.build(other) for layer in found if layer.key == key]
    if "gzip" in how:
        assert gzip.decompress(base64.b64decode(base64.b64decode(rebuilt[0]))) == other
    else:
        assert wrap(other) in rebuilt


def test_a_signature_with_an_unknown_key_is_never_built_again() -> None:
    key = os.urandom(32)
    for layer in wrapping.peel(hexed_hmac(key, CONTENT), [b"change-me", b"secret"]):
        assert not layer.key
        if layer.content == CONTENT:
            assert layer.build(b"other content") != hexed_hmac(key, b"other content")


@pytest.mark.parametrize(
    "token", [b"", b"x", b"\xff" * 5000, b"." * 5000, b"[" * 100_000, zlib.compress(bytes(50_000_000))]
)
def test_hostile_tokens_are_peeled_within_bounds(token: bytes) -> None:
    layers = wrapping.peel(token, [b"key"])
    assert len(layers) <= wrapping.MOST
    assert all(len(layer.content) <= wrapping.CAP for layer in layers)
