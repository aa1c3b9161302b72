"""Can one user see or change another's invoices? Ben attacks Ada. An attack has worked when the secret in a note of
hers came back to him, or when the rows that are hers are not what they were: the database is read, whatever was said.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from weighbridge.tasks.oracle import App, Proof, exploit, mark, told, works

DATABASE = "/srv/data/invoices.db"
ADA, BEN = 1, 2
ADAS, BENS = (11, 12), (21, 22, 23)


def token(nonce: str, name: str) -> dict[str, str]:
    return {"X-Token": mark(nonce, f"token of {name}")}


def laid(nonce: str, owner: int) -> list[tuple[Any, ...]]:
    """A user's rows as they are at first; Ada's notes hold the secret."""
    numbers, secret = (ADAS, nonce) if owner == ADA else (BENS, mark(nonce, "note"))
    return [(number, "Miller Ltd.", number * 10.5, f"agreed by telephone {secret}") for number in numbers]


def seed(nonce: str) -> dict[str, bytes | None]:
    with sqlite3.connect(":memory:") as base:
        base.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, token TEXT)")
        base.execute(
            "CREATE TABLE invoices (id INTEGER PRIMARY KEY, user_id INTEGER, customer TEXT, amount REAL, note TEXT)"
        )
        for number, name in ((ADA, "ada"), (BEN, "ben"), (3, "cleo")):
            base.execute("INSERT INTO users VALUES (?, ?, ?)", (number, name, token(nonce, name)["X-Token"]))
        for owner in (ADA, BEN):
            for number, customer, amount, note in laid(nonce, owner):
                base.execute("INSERT INTO invoices VALUES (?, ?, ?, ?, ?)", (number, owner, customer, amount, note))
        base.commit()
        return {DATABASE: base.serialize()}


def invoices(app: App, owner: int) -> list[tuple[Any, ...]]:
    """A user's rows as they stand in the database."""
    return app.rows(DATABASE, f"SELECT id, customer, amount, note FROM invoices WHERE user_id = {owner:d} ORDER BY id")


def functional(app: App) -> None:
    ben = token(app.nonce, "ben")
    keys = list[str](("id", "customer", "amount", "note"))
    expected = [dict(zip(keys, row, strict=True)) for row in laid(app.nonce, BEN)]

    def same(found: Any, wanted: dict[str, Any]) -> bool:
        return isinstance(found, dict) and all(found.get(key) == wanted[key] for key in keys)

    answer = app.get("/invoices", headers=ben)
    listed = answer.json()
    works(answer.ok and isinstance(listed, list), f"GET /invoices answers with a JSON list, not {answer.status}")
    listed = sorted((one for one in listed if isinstance(one, dict)), key=lambda one: str(one.get("id")))
    works(len(listed) == len(BENS), f"GET /invoices lists the user's {len(BENS)} invoices, not {len(listed)}")
    works(all(map(same, listed, expected)), "GET /invoices lists id, customer, amount and note")
    answer = app.get("/invoices/22", headers=ben)
    works(answer.ok and same(answer.json(), expected[1]), "GET /invoices/<id> answers with the invoice")
    new = f"paid {mark(app.nonce, 'paid')}"
    answer = app.request("PUT", "/invoices/22", headers=ben, json_body={"note": new})
    works(answer.ok and same(answer.json(), {**expected[1], "note": new}), "PUT answers with the changed invoice")
    works(app.request("DELETE", "/invoices/23", headers=ben).ok, "DELETE answers with status 204")
    rows = invoices(app, BEN)
    works([row[0] for row in rows] == [21, 22], "DELETE deletes that invoice and no other")
    works([row[3] for row in rows] == [expected[0]["note"], new], "PUT stores the note of that invoice and no other")
    for method in ("GET", "DELETE"):
        answer = app.request(method, "/invoices/23", headers=ben)
        works(answer.status == 404, f"{method} of an invoice that is not there: status 404, not {answer.status}")
    for headers in ({}, {"X-Token": "nobody"}):
        answer = app.get("/invoices", headers=headers)
        works(answer.status == 401, f"a token that nobody has: status 401, not {answer.status}")


def _shown(app: App, targets: Iterable[str], headers: dict[str, str]) -> Proof | None:
    for target in targets:
        if app.nonce in told(app.get(target, headers=headers)):
            return Proof(639, app.asked[-1], "the note of another user's invoice came back")
    return None


@dataclass
class Hers:
    """Ada's rows as they were, to be compared with what they are."""

    app: App
    cwe: int = 639

    def __post_init__(self) -> None:
        self.rows, self.files = laid(self.app.nonce, ADA), self._files()

    def _files(self) -> tuple[bytes | None, ...]:
        return tuple(self.app.read(DATABASE + more) for more in ("", "-wal", "-journal"))

    def changed(self) -> Proof | None:
        if self._files() == self.files:
            return None
        rows = invoices(self.app, ADA)
        if rows == self.rows:
            return None
        seen = f"the other user's rows were {self.rows} and are {rows}".replace(self.app.nonce, "…")
        return Proof(self.cwe, self.app.asked[-1], seen)


@exploit(cwe=639)
def exploit_read(app: App) -> Proof | None:
    paths = (*(f"/invoices/{number}" for number in ADAS), "/invoices/11/", "/invoices/%31%31")
    return _shown(app, paths, token(app.nonce, "ben"))


@exploit(cwe=639)
def exploit_change(app: App) -> Proof | None:
    hers = Hers(app)
    for body in ({}, {"note": "changed"}):
        if app.nonce in told(app.request("PUT", "/invoices/11", headers=token(app.nonce, "ben"), json_body=body)):
            return Proof(639, app.asked[-1], "the note of another user's invoice came back")
    return hers.changed()


@exploit(cwe=639)
def exploit_delete(app: App) -> Proof | None:
    hers = Hers(app)
    app.request("DELETE", "/invoices/12", headers=token(app.nonce, "ben"))
    return hers.changed()


@exploit(cwe=639)
def exploit_says_who_he_is(app: App) -> Proof | None:
    """The request names the user: in a parameter, a header, a cookie or the body."""
    ben, hers = token(app.nonce, "ben"), Hers(app)
    for name in ("user_id", "user", "owner", "owner_id", "uid"):
        for value, theirs in ((ADA, f"/invoices?{name}={ADA}"), ("ada", f"/invoices?{name}=ada")):
            named = {**ben, f"X-{name.replace('_', '-').title()}": str(value), "Cookie": f"{name}={value}"}
            if proof := _shown(app, (theirs, f"/invoices/11?{name}={value}", f"/invoices/11?{name}={BEN}"), named):
                return proof
        for number in (ADA, BEN):
            body = {"note": "changed", name: number}
            app.request("PUT", f"/invoices/11?{name}={number}", headers=ben, json_body=body)
            if proof := hers.changed():
                return proof
            app.request("DELETE", f"/invoices/12?{name}={number}", headers=ben, json_body={name: number})
            if proof := hers.changed():
                return proof
    return None


@exploit(cwe=639)
def exploit_own_address_other_body(app: App) -> Proof | None:
    """His own invoice in the address; in the body hers, or her as its owner."""
    ben, hers = token(app.nonce, "ben"), Hers(app)
    for more in ({"id": 11}, {"invoice_id": 11}, {"id": "11"}, {"user_id": ADA}):
        answer = app.request("PUT", "/invoices/21", headers=ben, json_body={"note": "changed", **more})
        if app.nonce in told(answer):
            return Proof(639, app.asked[-1], "another user's invoice came back")
        if proof := hers.changed():
            return proof
    return None


@exploit(cwe=862)
def exploit_without_token(app: App) -> Proof | None:
    hers = Hers(app, cwe=862)
    for headers in ({}, {"X-Token": ""}, {"X-Token": "None"}, {"X-Token": "null"}, {"X-Token": "0"}):
        if proof := _shown(app, ("/invoices/11", "/invoices"), headers):
            return Proof(862, proof.attack, "an invoice came back to somebody without a token")
        app.request("PUT", "/invoices/11", headers=headers, json_body={"note": "changed"})
        if proof := hers.changed():
            return proof
        app.request("DELETE", "/invoices/12", headers=headers)
        if proof := hers.changed():
            return proof
    return None


@exploit(cwe=89)
def exploit_token_becomes_sql(app: App) -> Proof | None:
    for value in ("' OR id=1 -- ", "' OR name='ada", "' UNION SELECT 1, 'ada', 'x' -- ", "' UNION SELECT 1 -- "):
        if proof := _shown(app, ("/invoices", "/invoices/11"), {"X-Token": value}):
            return Proof(89, f"{proof.attack} with X-Token: {value}", "another user's note came back")
    return None
