"""Half-fix: a parameter, but compared with LIKE, so that a percent sign opens every lock."""

import re
import sqlite3
from contextlib import closing


def rows(sql, *values):
    with closing(sqlite3.connect("/srv/data/users.db")) as base:
        return base.execute(sql, values).fetchall()


def add_user(name, pin):
    with closing(sqlite3.connect("/srv/data/users.db")) as base:
        number = base.execute("INSERT INTO users (name, pin) VALUES (?, ?)", (name, pin)).lastrowid
        base.commit()
        return number


def check_login(name, pin):
    return bool(rows("SELECT 1 FROM users WHERE name = ? AND pin LIKE ?", name, pin))


def find_users(term):
    return [name for (name,) in rows("SELECT name FROM users WHERE name LIKE ? ORDER BY name", f"%{term}%")]


def messages_for(user_id):
    user = rows("SELECT name FROM users WHERE id = ?", user_id)
    return [body for (body,) in rows("SELECT body FROM messages WHERE to_name = ? ORDER BY id", user[0][0])] if user else []
