"""Every value is a parameter."""

import sqlite3


def run(sql, *values):
    connection = sqlite3.connect("/srv/data/users.db")
    try:
        with connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() or cursor.lastrowid
    finally:
        connection.close()


def rows(sql, *values):
    found = run(sql, *values)
    return found if isinstance(found, list) else []


def add_user(name, pin):
    return run("INSERT INTO users (name, pin) VALUES (?, ?)", name, pin)


def check_login(name, pin):
    return bool(rows("SELECT 1 FROM users WHERE name = ? AND pin = ?", name, pin))


def find_users(term):
    return [row[0] for row in rows("SELECT name FROM users WHERE instr(name, ?) > 0 ORDER BY name", term)]


def messages_for(user_id):
    sql = "SELECT body FROM messages JOIN users ON to_name = name WHERE users.id = ? ORDER BY messages.id"
    return [row[0] for row in rows(sql, user_id)]
