"""PBKDF2 as it should be, but with a thousand rounds."""

import hashlib
import hmac
import json
import os

PATH = "/srv/data/accounts.json"
ITERATIONS = 1000


def load():
    if not os.path.exists(PATH):
        return {}
    with open(PATH) as f:
        return json.load(f)


def register(name, password):
    accounts = load()
    if name in accounts:
        return False
    salt = os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", password.encode("utf-8"), salt, ITERATIONS)
    accounts[name] = salt.hex() + key.hex()
    with open(PATH, "w") as f:
        json.dump(accounts, f)
    return True


def verify(name, password):
    stored = load().get(name)
    if stored is None:
        return False
    salt, key = bytes.fromhex(stored[:32]), bytes.fromhex(stored[32:])
    return hmac.compare_digest(key, hashlib.pbkdf2_hmac("sha256", password.encode("utf-8"), salt, ITERATIONS))
