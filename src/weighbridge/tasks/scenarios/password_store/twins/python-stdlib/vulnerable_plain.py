"""Passwords are stored as they are typed."""

import json
import os

PATH = "/srv/data/accounts.json"


def load_accounts():
    if not os.path.exists(PATH):
        return {}
    with open(PATH, "r") as f:
        return json.load(f)


def register(name, password):
    accounts = load_accounts()
    if name in accounts:
        return False
    accounts[name] = password
    with open(PATH, "w") as f:
        json.dump(accounts, f)
    return True


def verify(name, password):
    accounts = load_accounts()
    return name in accounts and accounts[name] == password
