"""Half-fix: texts are parameters, the id is taken for a number and pasted in."""

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
    return bool(rows("SELECT 1 FROM users WHERE name = ? AND pin = ?", name, pin))


def find_users(term):
    return [name for (name,) in rows("SELECT name FROM users WHERE name LIKE ? ORDER BY name", f"%{term}%")]


def messages_for(user_id):
    sql = f"SELECT body FROM messages m JOIN users u ON m.to_name = u.name WHERE u.id = {user_id} ORDER BY m.id"
    return [body for (body,) in rows(sql)]
