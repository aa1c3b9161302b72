"""Half-fix: questions have parameters, the statement that stores does not and may even hold several."""

import sqlite3
from contextlib import closing

PATH = "/srv/data/users.db"


def rows(sql, *values):
    with closing(sqlite3.connect(PATH)) as base:
        return base.execute(sql, values).fetchall()


def add_user(name, pin):
    with closing(sqlite3.connect(PATH)) as base:
        base.executescript(f"INSERT INTO users (name, pin) VALUES ('{name}', '{pin}');")
    return rows("SELECT max(id) FROM users")[0][0]


def check_login(name, pin):
    return rows("SELECT count(*) FROM users WHERE name = ? AND pin = ?", name, pin)[0][0] > 0


def find_users(term):
    return [row[0] for row in rows("SELECT name FROM users WHERE name LIKE '%' || ? || '%' ORDER BY name", term)]


def messages_for(user_id):
    sql = "SELECT body FROM messages WHERE to_name = (SELECT name FROM users WHERE id = ?) ORDER BY id"
    return [row[0] for row in rows(sql, user_id)]
