"""Odd: pastes text into statements, but quotes every text in SQLite's own way first, and converts every number."""

import sqlite3

PATH = "/srv/data/users.db"


def literal(text):
    with sqlite3.connect(":memory:") as empty:
        return empty.execute("SELECT quote(?)", (str(text),)).fetchone()[0]


def add_user(name, pin):
    with sqlite3.connect(PATH) as base:
        cursor = base.execute("INSERT INTO users (name, pin) VALUES (%s, %s)" % (literal(name), literal(pin)))
    return cursor.lastrowid


def check_login(name, pin):
    with sqlite3.connect(PATH) as base:
        found = base.execute("SELECT id FROM users WHERE name = %s AND pin = %s" % (literal(name), literal(pin)))
        return found.fetchone() is not None


def find_users(term):
    pattern = "%" + term.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
    with sqlite3.connect(PATH) as base:
        sql = "SELECT name FROM users WHERE name LIKE %s ESCAPE '!' ORDER BY name" % literal(pattern)
        return [name for (name,) in base.execute(sql)]


def messages_for(user_id):
    try:
        number = int(user_id)
    except ValueError:
        return []
    with sqlite3.connect(PATH) as base:
        user = base.execute("SELECT name FROM users WHERE id = %d" % number).fetchone()
        if user is None:
            return []
        return [r[0] for r in base.execute("SELECT body FROM messages WHERE to_name = %s ORDER BY id" % literal(user[0]))]
