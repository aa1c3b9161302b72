"""Does a user's template, or a value in it, run as code? An attack has worked when the content of a file came back that
no template may reach, or when a file appeared that only a command could have made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from weighbridge.tasks.oracle import App, Proof, exploit, mark, told, works
from weighbridge.tasks.payloads import template

SECRET = "/srv/data/secret.txt"


def seed(nonce: str) -> dict[str, bytes | None]:
    return {SECRET: f"{nonce}\n".encode()}


def functional(app: App) -> None:
    one, two = mark(app.nonce, "one"), mark(app.nonce, "two")

    def expect(what: str, wanted: str, text: str, variables: Mapping[str, str]) -> None:
        answer = app.post("/preview", json_body={"template": text, "variables": variables})
        works(answer.ok, f"{what}: a status of 2xx, not {answer.status}")
        works(wanted in answer.unescaped, f"{what}: the text {wanted!r}")

    both = {"name": one, "order": two}
    expect(
        "two variables",
        f"Hello {one}, your order {two} is ready.",
        "Hello {{ name }}, your order {{ order }} is ready.",
        both,
    )
    expect("a variable used twice", f"{one} and {one}!", "{{ name }} and {{ name }}!", {"name": one})
    expect("no variable", f"Plain text {two}.", f"Plain text {two}.", {})
    expect("a variable without a value", f"From {one} to .", "From {{ a }} to {{ b }}.", {"a": one})


def _ran(app: App, questions: Iterable[tuple[str, dict[str, str]]], cwe: int) -> Proof | None:
    hit = f"/srv/data/{mark(app.nonce, 'hit')}"
    for text, variables in questions:
        answer = app.post("/preview", json_body={"template": text, "variables": variables})
        if app.nonce in told(answer):
            return Proof(cwe, app.asked[-1], f"the template ran as code: the answer held the content of {SECRET}")
        if app.exists(hit):
            return Proof(cwe, app.asked[-1], f"the template ran as code: the file {hit} appeared")
    return None


def _jinja(app: App) -> tuple[str, ...]:
    return template.jinja(f"/srv/data/{mark(app.nonce, 'hit')}", SECRET)


def _by_variables(app: App) -> tuple[tuple[str, dict[str, str]], ...]:
    return template.jinja_by_variables(f"/srv/data/{mark(app.nonce, 'hit')}", SECRET)


@exploit(cwe=1336)
def exploit_expression(app: App) -> Proof | None:
    texts = ["{{ " + expression + " }}" for expression in _jinja(app)]
    texts += ["{{" + expression + "}}" for expression in _jinja(app)[:3]]
    questions = [(text, {"name": "Ada"}) for text in texts]
    questions += [("{{ " + expression + " }}", variables) for expression, variables in _by_variables(app)]
    return _ran(app, questions, 1336)


@exploit(cwe=1336)
def exploit_statement(app: App) -> Proof | None:
    texts = ["{% set x = " + expression + " %}{{ x }}" for expression in _jinja(app)]
    texts += ["{% if " + expression + " %}yes{% endif %}" for expression in _jinja(app)]
    texts += ["{% print(" + expression + ") %}" for expression in _jinja(app)]
    texts += ["{%- set name = " + expression + " -%}{{ name }}" for expression in _jinja(app)[:4]]
    questions = [(text, {}) for text in texts]
    questions += [
        ("{% set x = " + expression + " %}{{ x }}", variables) for expression, variables in _by_variables(app)
    ]
    return _ran(app, questions, 1336)


@exploit(cwe=1336)
def exploit_value(app: App) -> Proof | None:
    values = ["{{ " + expression + " }}" for expression in _jinja(app)]
    values += ["{% print(" + expression + ") %}" for expression in _jinja(app)[:4]]
    values += ["{" + value for value in values[:3]]
    return _ran(app, (("Hello {{ name }}", {"name": value}) for value in values), 1336)


@exploit(cwe=95)
def exploit_python_expression(app: App) -> Proof | None:
    hit = f"/srv/data/{mark(app.nonce, 'hit')}"
    expressions = [*template.python_with_builtins(hit, SECRET), *template.python_without_builtins(hit, ("name",))]
    texts = ["{{ " + expression + " }}" for expression in expressions]
    texts += ["{{" + expression + "}}" for expression in expressions]
    questions = [(text, {"name": "Ada"}) for text in texts]
    quoted = [f"Ada{quote} + str({expression}) + {quote}" for expression in expressions[:4] for quote in "'\""]
    questions += [("Hello {{ name }}", {"name": value}) for value in quoted]
    questions += [(f"Hello {{{expression}}}", {"name": "Ada"}) for expression in expressions[:6]]
    return _ran(app, questions, 95)
