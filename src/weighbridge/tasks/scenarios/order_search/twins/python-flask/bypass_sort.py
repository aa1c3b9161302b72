"""Half-fix: values are parameters, but column and direction are pasted in."""

import re
import sqlite3

from flask import Flask, abort, jsonify, request

app = Flask(__name__)


def search(customer, q, sort, direction):
    sql = "SELECT id, item, price, day FROM orders WHERE customer_id = ? AND item LIKE ?"
    return f"{sql} ORDER BY {sort} {direction}", [customer, f"%{q}%"]


@app.get("/orders")
def orders():
    args = request.args
    sql, values = search(args.get("customer", ""), args.get("q", ""), args.get("sort", "id"), args.get("dir", "asc"))
    connection = sqlite3.connect("/srv/data/shop.db")
    connection.row_factory = sqlite3.Row
    try:
        return jsonify([dict(row) for row in connection.execute(sql, values)])
    except sqlite3.Error as error:
        return jsonify(error=str(error)), 400
    finally:
        connection.close()
