"""Half-fix: parameters, and a list for the column, but the customer stands between double quotes."""

import sqlite3

from flask import Flask, jsonify, request

app = Flask(__name__)
COLUMNS = ("id", "item", "price", "day")


@app.get("/orders")
def orders():
    sort = COLUMNS[COLUMNS.index(request.args.get("sort", "id"))]
    way = "DESC" if request.args.get("dir") == "desc" else "ASC"
    customer = request.args.get("customer", "").replace("'", "")
    sql = f'SELECT id, item, price, day FROM orders WHERE customer_id = "{customer}" AND item LIKE ? ORDER BY {sort} {way}'
    connection = sqlite3.connect("/srv/data/shop.db")
    rows = connection.execute(sql, ["%" + request.args.get("q", "") + "%"]).fetchall()
    connection.close()
    return jsonify([dict(zip(COLUMNS, row)) for row in rows])
