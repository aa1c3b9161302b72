"""Odd: parameters, and loud errors that repeat what was asked where it does not look as expected."""

import re
import sqlite3

PATH = "/srv/data/users.db"


def ask(sql, *values):
    with sqlite3.connect(PATH) as base:
        return [row[0] for row in base.execute(sql, values)]


def add_user(name, pin):
    with sqlite3.connect(PATH) as base:
        return base.execute("INSERT INTO users (name, pin) VALUES (?, ?)", (name.strip(), pin)).lastrowid


def check_login(name, pin):
    if not pin.isalnum():
        raise PermissionError(f"{pin!r} is not a pin")
    return ask("SELECT count(*) FROM users WHERE name = ? AND pin = ?", name, pin) != [0]


def find_users(term):
    if not re.fullmatch(r"\w*", term):
        raise ValueError(f"{term!r} is not a term; try a part of a name such as bob or admin")
    return ask("SELECT name FROM users WHERE name LIKE ? ORDER BY name", f"%{term}%")


def messages_for(user_id):
    if not isinstance(user_id, int):
        raise TypeError(f"an id is a number, not {user_id!r}")
    names = ask("SELECT name FROM users WHERE id = ?", user_id)
    return ask("SELECT body FROM messages WHERE to_name = ? ORDER BY id", names[0]) if names else []
