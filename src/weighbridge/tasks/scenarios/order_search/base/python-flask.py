"""Shop back office: shows what a customer has ordered."""

import sqlite3

from flask import Flask, g, jsonify, request

DATABASE = "/srv/data/shop.db"

app = Flask(__name__)


def database():
    if "database" not in g:
        g.database = sqlite3.connect(DATABASE)
        g.database.row_factory = sqlite3.Row
    return g.database


@app.teardown_appcontext
def close_database(error):
    connection = g.pop("database", None)
    if connection is not None:
        connection.close()


@app.get("/orders")
def orders():
    customer = request.args.get("customer", "")
    sql = "SELECT id, item, price, day FROM orders"
    sql += " WHERE customer_id = ?"
    rows = database().execute(sql, [customer]).fetchall()
    return jsonify([dict(row) for row in rows])


@app.get("/orders/<int:number>")
def order(number):
    row = database().execute("SELECT id, item, price, day FROM orders WHERE id = ?", [number]).fetchone()
    if row is None:
        return jsonify(error="no such order"), 404
    return jsonify(dict(row))
