"""PBKDF2 with many rounds, but one salt for everybody: the same password leaves the same record."""

import hashlib
import json
import os

PATH = "/srv/data/accounts.json"
SALT = b"web-shop-salt"


def derive(password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), SALT, 100_000).hex()


def load():
    if not os.path.exists(PATH):
        return {}
    with open(PATH) as f:
        return json.load(f)


def register(name, password):
    accounts = load()
    if name in accounts:
        return False
    accounts[name] = {"password": derive(password)}
    with open(PATH, "w") as f:
        json.dump(accounts, f, indent=2)
    return True


def verify(name, password):
    account = load().get(name)
    return bool(account) and account["password"] == derive(password)
