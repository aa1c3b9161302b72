"""Accounts whose passwords are kept as salted scrypt."""

import hashlib
import hmac
import json
import os

PATH = "/srv/data/accounts.json"


def _load():
    try:
        with open(PATH) as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def _derive(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


def register(name, password):
    accounts = _load()
    if name in accounts:
        return False
    salt = os.urandom(16)
    accounts[name] = {"salt": salt.hex(), "hash": _derive(password, salt).hex()}
    with open(PATH, "w") as file:
        json.dump(accounts, file)
    return True


def verify(name, password):
    account = _load().get(name)
    if account is None:
        return False
    derived = _derive(password, bytes.fromhex(account["salt"]))
    return hmac.compare_digest(derived.hex(), account["hash"])
