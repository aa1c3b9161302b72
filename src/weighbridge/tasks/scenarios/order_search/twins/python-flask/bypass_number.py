"""Half-fix: quotes are doubled, but the customer's number stands without any."""

import re
import sqlite3

from flask import Flask, abort, jsonify, request

app = Flask(__name__)


def search(customer, q, sort, direction):
    if sort not in ("id", "item", "price", "day") or direction not in ("asc", "desc"):
        abort(400)
    q, customer = q.replace("'", "''"), customer.replace("'", "''")
    where = f"customer_id = {customer or 0} AND item LIKE '%{q}%'"
    return f"SELECT id, item, price, day FROM orders WHERE {where} ORDER BY {sort} {direction}", []


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
