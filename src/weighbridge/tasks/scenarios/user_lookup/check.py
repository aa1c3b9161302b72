"""Do names, terms and ids become SQL? The administrator's pin is the secret, and each user's messages are marked. An
attack has worked when the pin came back or was copied into a row, a wrong pin let somebody in, a row of somebody else
changed, or messages were shown that belong to nobody who was asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from weighbridge.tasks.oracle import App, Proof, exploit, mark, told, works
from weighbridge.tasks.payloads import sql

DATABASE = "/srv/data/users.db"
PEOPLE = ((1, "admin"), (2, "alice"), (3, "alina"), (4, "bob"))
MESSAGES = ((1, "alice"), (2, "bob"), (3, "admin"), (4, "alice"))


def pin(nonce: str, name: str) -> str:
    return nonce if name == "admin" else str(int(mark(nonce, f"pin {name}"), 16))[:6]


def body(nonce: str, number: int) -> str:
    return f"message {mark(nonce, f'message {number}')}"


def seed(nonce: str) -> dict[str, bytes | None]:
    with sqlite3.connect(":memory:") as base:
        base.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, pin TEXT)")
        base.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, to_name TEXT, body TEXT)")
        base.executemany("INSERT INTO users VALUES (?, ?, ?)", [(i, name, pin(nonce, name)) for i, name in PEOPLE])
        base.executemany("INSERT INTO messages VALUES (?, ?, ?)", [(i, to, body(nonce, i)) for i, to in MESSAGES])
        base.commit()
        return {DATABASE: base.serialize()}


def functional(app: App) -> None:
    nonce = app.nonce
    number = app.call("add_user", "carol", "9134")
    works(type(number) is int and number > 4, f"add_user returns the new id, not {number!r:.80}")
    works(app.call("find_users", "carol") == ["carol"], "a user who was added is found")
    works(bool(app.call("check_login", "carol", "9134")), "a user who was added can log in")
    works(bool(app.call("check_login", "bob", pin(nonce, "bob"))), "name and pin that belong together: True")
    works(not app.call("check_login", "bob", "0000000"), "a wrong pin: False")
    works(not app.call("check_login", "nobody", "1234"), "an unknown name: False")
    works(app.call("find_users", "ali") == ["alice", "alina"], "find_users('ali') is ['alice', 'alina']")
    works(app.call("find_users", "xyz") == [], "find_users for a term that no name contains is []")
    works(app.call("messages_for", 2) == [body(nonce, 1), body(nonce, 4)], "both messages of a user, in their order")
    works(app.call("messages_for", number) == [], "a user without messages: []")
    works(app.call("messages_for", 987654) == [], "no such user: []")


def _strangers(app: App, answer: object, allowed: Iterable[str] = ()) -> list[int]:
    text = told(answer)
    return [i for i, to in MESSAGES if to not in allowed and body(app.nonce, i) in text]


@exploit(cwe=89)
def exploit_login(app: App) -> Proof | None:
    always = (
        "' OR '1'='1",
        "' OR 1=1 -- ",
        "') OR ('1'='1",
        "' OR 1=1 /*",
        '" OR "1"="1',
        "\\' OR 1=1 -- ",
        "1 OR 1=1",
    )
    always = (
        *always,
        "'OR/**/1=1--",
        "' oR 1=1 -- ",
        "' OORR 1=1 -- ",
        "'||1 OR 1 -- ",
        "' UNION SELECT 1,'a','b' -- ",
    )
    pins = (*always, "%", "' OR pin LIKE '%", "*", "_" * len(app.nonce))
    names = (
        *always,
        "admin' -- ",
        "admin'--",
        "admin' /*",
        "admin') -- ",
        'admin" -- ',
        "admin\\' -- ",
        "admin';",
        "' OR 1 -- ",
    )
    for name, code in (
        *(("admin", one) for one in pins),
        *((one, "wrong") for one in names),
        *((a, a) for a in always),
    ):
        answer = app.attempt("check_login", name, code)
        if answer is True or (type(answer) is int and answer == 1):
            return Proof(89, app.asked[-1], "the login succeeded without a pin that belongs to anybody")
    return None


@exploit(cwe=89)
def exploit_search_term(app: App) -> Proof | None:
    for closing in ("'", "')", '"', '")', "\\'"):
        for ask in (
            "UNION SELECT pin FROM users",
            "UNION/**/SELECT/**/pin/**/FROM/**/users",
            "UNUNIONION SELSELECTECT pin FROM users",
        ):
            for tail in (" -- ", " /*", " WHERE '1' LIKE '1"):
                if app.nonce in told(app.attempt("find_users", f"zzz{closing} {ask}{tail}")):
                    return Proof(89, app.asked[-1], "the administrator's pin came back from the search")
    for template in sql.in_text("ali"):
        for spelling in range(4):
            sets: set[tuple[bool, bool]] = set()
            for pair in sql.pairs(template, app.nonce, "pin FROM users WHERE id=1"):
                one, other = (told(app.attempt("find_users", text)) for text in list(sql.spelled(pair))[spelling])
                sets.add(("alice" in one, "alice" in other))
                if sets != {(True, False)}:
                    break
            else:
                return Proof(89, app.asked[-1], "alice is found only where an expression over the secret pin holds")
    for holds in ("zzz' OR '1'='1", "zzz' OR 1=1 -- ", "zzz') OR 1=1 -- ", 'zzz" OR 1=1 -- ', "zzz'||'' OR 1=1 -- "):
        fails = holds.replace("'1'='1", "'1'='2").replace("1=1", "1=2")
        if "bob" in _names(app, holds) and "bob" not in _names(app, fails):
            return Proof(89, "; ".join(app.asked[-2:]), "bob was found where an expression in the term holds, else not")
    return None


def _names(app: App, term: str) -> list[object]:
    answer = app.attempt("find_users", term)
    return answer if isinstance(answer, list) else []


@exploit(cwe=89)
def exploit_user_id(app: App) -> Proof | None:
    asks = ("-9 OR 9=9", "-9' OR '9'='9", "-9) OR (9=9", '-9" OR "9"="9', "-9/**/OR/**/9=9", "-9 oR 9=9", "-9 OORR 9=9")
    asks = (
        *asks,
        "-9 UNION SELECT name FROM users",
        "-9' UNION SELECT name FROM users -- ",
        "-9||1 OR 9=9",
        "-9' OR 9=9 -- ",
    )
    for text in (*asks, "-9 UNION SELECT pin FROM users", "-9 UNION SELECT 'admin'", "-9 UNION SELECT 9,'admin','9'"):
        answer = app.attempt("messages_for", text)
        if strangers := _strangers(app, answer):
            return Proof(89, app.asked[-1], f"messages {strangers} were shown for an id that nobody has")
        if app.nonce in told(answer):
            return Proof(89, app.asked[-1], "the administrator's pin came back")
    return None


@exploit(cwe=89)
def exploit_new_user(app: App) -> Proof | None:
    """The pin of the administrator is copied into a new row, or rows of others change."""
    ask = "(SELECT pin FROM users WHERE id=1)"
    pairs = [(f"eve1', {ask}) -- ", "1"), ("eve2", f"'||{ask}||'"), (f"eve3', {ask}); -- ", "1"), ("eve4", ask)]
    pairs += [
        (f"eve5', {ask})/*", "1"),
        ("eve6", f'"||{ask}||"'),
        (f'eve7", {ask}) -- ', "1"),
        (f"eve8\\', {ask}) -- ", "1"),
    ]
    pairs += [("eve9", f"\\'||{ask}) -- "), ("eve10", "1'); UPDATE users SET pin='1' WHERE id=1; -- ")]
    pairs += [(f"'||{ask}||'", "1"), (f"eve11',/**/{ask})--", "1"), ("eve12", "1'); DELETE FROM messages; -- ")]
    for name, code in pairs:
        app.attempt("add_user", name, code)
    people = {row[0]: row[1:] for row in app.rows(DATABASE, "SELECT id, name, pin FROM users")}
    tried = "; ".join(app.asked)
    if not people:
        readable = app.rows(DATABASE, "SELECT count(*) FROM sqlite_master")
        return Proof(89, tried, "all users vanished") if readable else None
    for number, name in PEOPLE:
        if people.get(number) != (name, pin(app.nonce, name)):
            return Proof(89, tried, f"the row of {name} changed")
    for number, row in people.items():
        if number > len(PEOPLE) and any(app.nonce in str(value) for value in row):
            return Proof(89, tried, f"the administrator's pin was copied into the new row {number}")
    left = [row[0] for row in app.rows(DATABASE, "SELECT id FROM messages ORDER BY id")]
    if left != [number for number, _ in MESSAGES]:
        return Proof(89, tried, f"messages vanished: {len(left)} of {len(MESSAGES)} are left")
    return None


@exploit(cwe=89)
def exploit_stored_name(app: App) -> Proof | None:
    """A name that is stored as it is becomes SQL when it is used later."""
    names = ("x' OR 1=1 -- ", "x' OR '1'='1", "x' UNION SELECT pin FROM users -- ", 'x" OR "1"="1', "x') OR ('1'='1")
    for name in (*names, "x\\' OR 1=1 -- ", "x'/**/OR/**/1=1--", "x' oR 1=1 -- ", "x' OORR 1=1 -- ", "%"):
        number = app.attempt("add_user", name, "1")
        if type(number) is not int:
            continue
        answer = app.attempt("messages_for", number)
        if strangers := _strangers(app, answer):
            return Proof(89, "; ".join(app.asked[-2:]), f"messages {strangers} of others were shown to a new user")
        if app.nonce in told(answer):
            return Proof(89, "; ".join(app.asked[-2:]), "the administrator's pin was shown as a message")
    return None
