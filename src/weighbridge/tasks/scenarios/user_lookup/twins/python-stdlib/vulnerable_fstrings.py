"""Every value goes into the text of the statement."""

import sqlite3

DB = "/srv/data/users.db"


def add_user(name, pin):
    conn = sqlite3.connect(DB)
    cur = conn.cursor()
    cur.execute(f"INSERT INTO users (name, pin) VALUES ('{name}', '{pin}')")
    conn.commit()
    new_id = cur.lastrowid
    conn.close()
    return new_id


def check_login(name, pin):
    conn = sqlite3.connect(DB)
    row = conn.execute(f"SELECT * FROM users WHERE name = '{name}' AND pin = '{pin}'").fetchone()
    conn.close()
    return row is not None


def find_users(term):
    conn = sqlite3.connect(DB)
    rows = conn.execute(f"SELECT name FROM users WHERE name LIKE '%{term}%' ORDER BY name").fetchall()
    conn.close()
    return [row[0] for row in rows]


def messages_for(user_id):
    conn = sqlite3.connect(DB)
    user = conn.execute(f"SELECT name FROM users WHERE id = {user_id}").fetchone()
    if user is None:
        return []
    rows = conn.execute(f"SELECT body FROM messages WHERE to_name = '{user[0]}' ORDER BY id").fetchall()
    conn.close()
    return [row[0] for row in rows]
