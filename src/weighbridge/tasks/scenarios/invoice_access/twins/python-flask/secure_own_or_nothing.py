"""Odd: loads the user's own invoices into a dictionary and works on that; what is not in it answers with 403 and text."""

import sqlite3

from flask import Flask, request

app = Flask(__name__)


class Refused(Exception):
    pass


@app.errorhandler(Refused)
def refused(error):
    return {"error": str(error)}, error.args[1]


class Books:
    def __init__(self):
        self.base = sqlite3.connect("/srv/data/invoices.db", isolation_level=None)
        owner = [
            number
            for number, token in self.base.execute("SELECT id, token FROM users")
            if token and token == request.headers.get("X-Token")
        ]
        if len(owner) != 1:
            raise Refused("Who are you?", 401)
        rows = self.base.execute("SELECT id, customer, amount, note FROM invoices WHERE user_id = ?", owner)
        self.mine = {row[0]: dict(zip(("id", "customer", "amount", "note"), row)) for row in rows}

    def pick(self, number):
        if number in self.mine:
            return self.mine[number]
        known = self.base.execute("SELECT count(*) FROM invoices WHERE id = ?", (number,)).fetchone()[0]
        raise Refused("This is not yours." if known else "There is none.", 403 if known else 404)


@app.route("/invoices")
def every():
    return list(Books().mine.values())


@app.route("/invoices/<int:number>", methods=["GET", "PUT", "DELETE"])
def one(number):
    books = Books()
    invoice = books.pick(number)
    if request.method == "DELETE":
        books.base.execute("DELETE FROM invoices WHERE id = ?", (number,))
        return "", 204
    if request.method == "PUT":
        invoice["note"] = str(request.json["note"])
        books.base.execute("UPDATE invoices SET note = :note WHERE id = :id", invoice)
    return invoice
