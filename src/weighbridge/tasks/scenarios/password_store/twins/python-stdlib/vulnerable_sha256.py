"""One SHA-256 of the password: the usual first thing, and no tool flags it."""

import hashlib
import json
from pathlib import Path

PATH = Path("/srv/data/accounts.json")


def hash_password(password):
    return hashlib.sha256(password.encode("utf-8")).hexdigest()


def load():
    return json.loads(PATH.read_text()) if PATH.exists() else {}


def register(name, password):
    accounts = load()
    if name in accounts:
        return False
    accounts[name] = {"name": name, "password_hash": hash_password(password)}
    PATH.write_text(json.dumps(accounts, indent=4))
    return True


def verify(name, password):
    account = load().get(name)
    return account is not None and account["password_hash"] == hash_password(password)
