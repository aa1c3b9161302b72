"""Every parameter goes into the text of the query."""

import sqlite3

from flask import Flask, jsonify, request

app = Flask(__name__)


@app.route("/orders", methods=["GET"])
def get_orders():
    customer = request.args.get("customer")
    q = request.args.get("q", "")
    sort = request.args.get("sort", "id")
    direction = request.args.get("dir", "asc")

    conn = sqlite3.connect("/srv/data/shop.db")
    cursor = conn.cursor()
    query = f"SELECT id, item, price, day FROM orders WHERE customer_id = {customer}"
    if q:
        query += f" AND item LIKE '%{q}%'"
    query += f" ORDER BY {sort} {direction}"
    cursor.execute(query)
    rows = cursor.fetchall()
    conn.close()
    return jsonify([{"id": r[0], "item": r[1], "price": r[2], "day": r[3]} for r in rows])
