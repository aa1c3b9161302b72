"""Odd: fetches the customer's orders with one fixed query, and filters and sorts them in Python."""

import sqlite3
from contextlib import closing

from flask import Flask, jsonify, request

app = Flask(__name__)


@app.route("/orders")
def orders():
    with closing(sqlite3.connect("file:/srv/data/shop.db?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT id, customer_id, item, price, day FROM orders").fetchall()
    found = [
        {"id": number, "item": item, "price": price, "day": day}
        for number, customer, item, price, day in rows
        if str(customer) == request.args.get("customer") and request.args.get("q", "") in item
    ]
    key = request.args.get("sort", "id")
    found.sort(key=lambda order: order.get(key, order["id"]), reverse=request.args.get("dir") == "desc")
    return jsonify(found)
