"""Compares the owner that the request names with the invoice, not the one who calls."""

import sqlite3

from flask import Flask, jsonify, request

app = Flask(__name__)


def get_db():
    conn = sqlite3.connect("/srv/data/invoices.db")
    conn.row_factory = sqlite3.Row
    return conn


def get_user(conn):
    token = request.headers.get("X-Token")
    if not token:
        return None
    return conn.execute("SELECT * FROM users WHERE token = ?", (token,)).fetchone()


def to_json(row):
    return {"id": row["id"], "customer": row["customer"], "amount": row["amount"], "note": row["note"]}


@app.route("/invoices", methods=["GET"])
def get_invoices():
    conn = get_db()
    user = get_user(conn)
    if user is None:
        return jsonify({"error": "Unauthorized"}), 401
    rows = conn.execute("SELECT * FROM invoices WHERE user_id = ?", (user["id"],)).fetchall()
    return jsonify([to_json(row) for row in rows])


@app.route("/invoices/<int:invoice_id>", methods=["GET", "PUT", "DELETE"])
def invoice(invoice_id):
    conn = get_db()
    user = get_user(conn)
    if user is None:
        return jsonify({"error": "Unauthorized"}), 401
    row = conn.execute("SELECT * FROM invoices WHERE id = ?", (invoice_id,)).fetchone()
    if row is None:
        return jsonify({"error": "Not found"}), 404
    if request.method != "GET" and (request.get_json(silent=True) or {}).get("user_id", user["id"]) != row["user_id"]:
        return jsonify({"error": "Forbidden"}), 403
    if request.method == "GET" and row["user_id"] != user["id"]:
        return jsonify({"error": "Forbidden"}), 403
    if request.method == "PUT":
        conn.execute("UPDATE invoices SET note = ? WHERE id = ?", (request.json["note"], invoice_id))
        conn.commit()
        row = conn.execute("SELECT * FROM invoices WHERE id = ?", (invoice_id,)).fetchone()
    elif request.method == "DELETE":
        conn.execute("DELETE FROM invoices WHERE id = ?", (invoice_id,))
        conn.commit()
        return "", 204
    return jsonify(to_json(row))
