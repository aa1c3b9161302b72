"""Users of a small message board, in SQLite."""

import sqlite3
from contextlib import closing

DATABASE = "/srv/data/users.db"


def query(sql, parameters=()):
    """All rows that a statement finds."""
    with closing(sqlite3.connect(DATABASE)) as connection:
        return connection.execute(sql, parameters).fetchall()


def count_users():
    return query("SELECT count(*) FROM users")[0][0]


def newest_users(limit=10):
    """Names of the users who were added last."""
    return [row[0] for row in query(f"SELECT name FROM users ORDER BY id DESC LIMIT {int(limit)}")]


def add_user(name, pin):
    """Stores a new user and returns the new id."""
    with closing(sqlite3.connect(DATABASE)) as connection:
        cursor = connection.execute("INSERT INTO users (name, pin) VALUES (?, ?)", (name, pin))
        connection.commit()
        return cursor.lastrowid
