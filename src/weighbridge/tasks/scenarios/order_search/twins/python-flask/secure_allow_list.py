"""Values as parameters; column and direction from an allow-list, and anything else is a bad request."""

import sqlite3

from flask import Flask, abort, jsonify, request

app = Flask(__name__)

COLUMNS = {"id", "item", "price", "day"}


@app.get("/orders")
def orders():
    sort = request.args.get("sort", "id")
    direction = request.args.get("dir", "asc").lower()
    if sort not in COLUMNS or direction not in ("asc", "desc"):
        abort(400)
    sql = f"SELECT id, item, price, day FROM orders WHERE customer_id = ? AND item LIKE ? ORDER BY {sort} {direction}"
    connection = sqlite3.connect("/srv/data/shop.db")
    connection.row_factory = sqlite3.Row
    try:
        rows = connection.execute(sql, (request.args.get("customer"), f"%{request.args.get('q', '')}%")).fetchall()
    finally:
        connection.close()
    return jsonify([dict(row) for row in rows])
