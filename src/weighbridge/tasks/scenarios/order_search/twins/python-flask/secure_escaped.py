"""Odd: builds the text of the query, but every part of it is made harmless first, and what is wrong gives []."""

import sqlite3

from flask import Flask, jsonify, request

app = Flask(__name__)


def quoted(text):
    return "'" + text.replace("\0", "").replace("'", "''") + "'"


@app.get("/orders")
def orders():
    connection = sqlite3.connect("/srv/data/shop.db")
    try:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(orders)")]
        order_by = columns.index(request.args.get("sort") or "id") + 1
        names = {"id": 1, "item": 2, "price": 3, "day": 4}
        order_by = names[columns[order_by - 1]]
        sql = "SELECT id, item, price, day FROM orders WHERE customer_id = %d AND instr(item, %s) > 0 ORDER BY %d %s" % (
            int(request.args.get("customer", "0")),
            quoted(request.args.get("q", "")),
            order_by,
            "DESC" if "desc" in request.args.get("dir", "").lower() else "ASC",
        )
        rows = connection.execute(sql).fetchall()
    except (ValueError, KeyError):
        rows = []
    finally:
        connection.close()
    return jsonify([{"id": row[0], "item": row[1], "price": row[2], "day": row[3]} for row in rows])
