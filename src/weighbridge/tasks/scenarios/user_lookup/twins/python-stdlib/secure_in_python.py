"""Odd: reads whole tables and does the rest in Python; ids that are no numbers raise."""

import hmac
import sqlite3
from contextlib import closing


def table(name, columns):
    with closing(sqlite3.connect("/srv/data/users.db")) as base:
        return base.execute({"users": "SELECT * FROM users", "messages": "SELECT * FROM messages"}[name]).fetchall()


def add_user(name, pin):
    with closing(sqlite3.connect("/srv/data/users.db", isolation_level=None)) as base:
        return base.execute("INSERT INTO users(name, pin) VALUES(:name, :pin)", {"name": name, "pin": pin}).lastrowid


def check_login(name, pin):
    return any(n == name and hmac.compare_digest(p.encode(), pin.encode()) for _, n, p in table("users", 3))


def find_users(term):
    return sorted(name for _, name, _ in table("users", 3) if term in name)


def messages_for(user_id):
    names = {number: name for number, name, _ in table("users", 3)}
    name = names.get(int(user_id))
    return [body for _, to, body in sorted(table("messages", 3)) if name is not None and to == name]
