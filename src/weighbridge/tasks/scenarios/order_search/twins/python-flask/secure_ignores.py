"""Odd: never refuses; whatever does not look as expected is left out of the search."""

import re
import sqlite3

from flask import Flask, jsonify, request

app = Flask(__name__)


@app.get("/orders")
def orders():
    q = request.args.get("q", "")
    q = q if re.fullmatch(r"[\w ]*", q) else ""
    customer = int(re.sub(r"[^0-9]", "", request.args.get("customer", "")) or 0)
    sort = request.args.get("sort")
    sort = sort if sort in ("id", "item", "price", "day") else "id"
    way = "DESC" if request.args.get("dir", "").lower().startswith("desc") else "ASC"
    sql = f"SELECT id, item, price, day FROM orders WHERE customer_id={customer} AND item LIKE '%{q}%' ORDER BY {sort} {way}"
    connection = sqlite3.connect("/srv/data/shop.db")
    connection.row_factory = sqlite3.Row
    try:
        return jsonify([dict(row) for row in connection.execute(sql)])
    finally:
        connection.close()
