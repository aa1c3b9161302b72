"""Half-fix: takes single quotes out of a text that stands between double ones, which SQLite also takes for quotes."""

import sqlite3
from contextlib import closing


def rows(sql, *values):
    with closing(sqlite3.connect("/srv/data/users.db", isolation_level=None)) as base:
        cursor = base.execute(sql, values)
        return cursor.fetchall() or cursor.lastrowid


def add_user(name, pin):
    return rows("INSERT INTO users (name, pin) VALUES (?, ?)", name, pin)


def check_login(name, pin):
    return bool(rows("SELECT id FROM users WHERE name = ? AND pin = ?", name, pin))


def find_users(term):
    term = term.replace("'", "")
    return [row[0] for row in rows(f'SELECT name FROM users WHERE name LIKE "%{term}%" ORDER BY name') or []]


def messages_for(user_id):
    sql = "SELECT body FROM users JOIN messages ON to_name = name WHERE users.id = ? ORDER BY messages.id"
    return [row[0] for row in rows(sql, user_id) or []]
