"""Odd: one constant statement; column and direction are compared inside SQL, and errors become status 200 with text."""

import sqlite3

from flask import Flask, request

app = Flask(__name__)

QUERY = """
SELECT id, item, price, day FROM orders
WHERE customer_id = CAST(:customer AS INTEGER) AND (:q IS NULL OR item LIKE '%' || :q || '%')
ORDER BY
  CASE WHEN :dir = 'asc' THEN CASE :sort WHEN 'item' THEN item WHEN 'price' THEN price WHEN 'day' THEN day ELSE id END END ASC,
  CASE WHEN :dir <> 'asc' THEN CASE :sort WHEN 'item' THEN item WHEN 'price' THEN price WHEN 'day' THEN day ELSE id END END DESC
"""


@app.get("/orders")
def orders():
    wanted = {"customer": "", "q": None, "sort": "id", "dir": "asc", **request.args}
    connection = sqlite3.connect("/srv/data/shop.db")
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(QUERY, wanted)]
    except sqlite3.Error as error:
        return {"error": str(error)}, 200
    finally:
        connection.close()
