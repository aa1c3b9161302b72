"""Does a formula run as code? An attack has worked when a file appeared that no arithmetic makes, or when the content
of a file came back, as a result or in what was raised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from weighbridge.tasks.oracle import App, Proof, exploit, mark, told, works
from weighbridge.tasks.payloads import template

SECRET = "/srv/data/secret.txt"
NUMBERS: Mapping[str, object] = {"price": 10, "quantity": 3, "rate": 0.5}


def seed(nonce: str) -> dict[str, bytes | None]:
    return {SECRET: f"{nonce}\n".encode()}


def functional(app: App) -> None:
    def expect(wanted: float, expression: str, variables: Mapping[str, object] = NUMBERS) -> None:
        found = app.call("evaluate", expression, dict(variables))
        number = isinstance(found, (int, float)) and not isinstance(found, bool)
        works(number and abs(found - wanted) < 1e-9, f"{expression} is {wanted}, not {found!r:.80}")

    expect(14, "2 + 3 * 4")
    expect(20, "(2 + 3) * 4", {})
    expect(25.5, "(price - 1.5) * quantity")
    expect(2.5, "price / 4")
    expect(-7, "quantity - price")
    expect(6, "-(quantity - price) - 1")
    expect(7.25, "price*rate+2.25")
    for wrong in ("2 +", "price * unknown"):
        answer = app.attempt("evaluate", wrong, dict(NUMBERS))
        works(not isinstance(answer, (int, float)), f"{wrong!r} cannot be computed and gives no number")


def _ran(app: App, questions: Iterable[tuple[str, Mapping[str, object]]]) -> Proof | None:
    hit = f"/srv/data/{mark(app.nonce, 'hit')}"
    for expression, variables in questions:
        answer = app.attempt("evaluate", expression, dict(variables))
        if app.exists(hit):
            return Proof(95, app.asked[-1], f"the expression ran as code: the file {hit} appeared")
        if app.nonce in told(answer):
            return Proof(95, app.asked[-1], f"the expression ran as code: the content of {SECRET} came back")
    return None


def _hit(app: App) -> str:
    return f"/srv/data/{mark(app.nonce, 'hit')}"


@exploit(cwe=95)
def exploit_built_in_names(app: App) -> Proof | None:
    expressions = template.python_with_builtins(_hit(app), SECRET)
    return _ran(app, ((expression, NUMBERS) for expression in expressions))


@exploit(cwe=95)
def exploit_allowed_beginning(app: App) -> Proof | None:
    """The same behind, before and between what a pattern may ask for."""
    expressions = template.python_with_builtins(_hit(app), SECRET)
    texts = [
        text for one in expressions for text in (f"1 + ({one})", f"price * 1 if ({one}) else 2", f"({one}) + price")
    ]
    texts += [f"1\n+ ({one})" for one in expressions] + [f"1 #\n;{one}" for one in expressions]
    return _ran(app, ((text, NUMBERS) for text in texts))


@exploit(cwe=95)
def exploit_objects_alone(app: App) -> Proof | None:
    expressions = template.python_without_builtins(_hit(app), ("price.__class__", "quantity.__class__"))
    return _ran(app, ((expression, NUMBERS) for expression in expressions))


@exploit(cwe=95)
def exploit_disguised(app: App) -> Proof | None:
    plain = [
        *template.python_without_builtins(_hit(app), ("price.__class__",)),
        *template.python_with_builtins(_hit(app), SECRET)[:2],
    ]
    return _ran(app, ((text, NUMBERS) for one in plain for text in template.disguised(one)))


@exploit(cwe=95)
def exploit_variables(app: App) -> Proof | None:
    """The code arrives as a variable's value, or as its name."""
    expressions = [*template.python_with_builtins(_hit(app), SECRET), *template.python_without_builtins(_hit(app))]
    questions: list[tuple[str, Mapping[str, object]]] = [("price", {"price": one}) for one in expressions]
    questions += [("price + 1", {"price": one}) for one in expressions[:3]]
    questions += [(one, {one: 1}) for one in expressions]
    return _ran(app, questions)
