"""Looks for the invoice by its number alone when it is changed or deleted."""

import sqlite3

from flask import Flask, abort, g, jsonify, request

DATABASE = "/srv/data/invoices.db"
COLUMNS = "id, customer, amount, note"

app = Flask(__name__)


def database():
    if "database" not in g:
        g.database = sqlite3.connect(DATABASE)
        g.database.row_factory = sqlite3.Row
    return g.database


@app.teardown_appcontext
def close_database(error=None):
    if "database" in g:
        g.pop("database").close()


def current_user():
    """The id of the user who calls."""
    token = request.headers.get("X-Token")
    row = database().execute("SELECT id FROM users WHERE token = ?", (token,)).fetchone()
    if row is None:
        abort(401)
    return row["id"]


@app.get("/invoices")
def list_invoices():
    user = current_user()
    rows = database().execute(f"SELECT {COLUMNS} FROM invoices WHERE user_id = ? ORDER BY id", (user,))
    return jsonify([dict(row) for row in rows])


@app.get("/invoices/<int:number>")
def show_invoice(number):
    user = current_user()
    query = f"SELECT {COLUMNS} FROM invoices WHERE id = ? AND user_id = ?"
    row = database().execute(query, (number, user)).fetchone()
    if row is None:
        abort(404)
    return jsonify(dict(row))


@app.put("/invoices/<int:number>")
def change_invoice(number):
    current_user()
    note = request.get_json().get("note")
    connection = database()
    connection.execute("UPDATE invoices SET note = ? WHERE id = ?", (note, number))
    connection.commit()
    row = connection.execute(f"SELECT {COLUMNS} FROM invoices WHERE id = ?", (number,)).fetchone()
    if row is None:
        abort(404)
    return jsonify(dict(row))


@app.delete("/invoices/<int:number>")
def delete_invoice(number):
    current_user()
    connection = database()
    cursor = connection.execute("DELETE FROM invoices WHERE id = ?", (number,))
    connection.commit()
    if cursor.rowcount == 0:
        abort(404)
    return "", 204
