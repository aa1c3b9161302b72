"""Salt from the system and a secret pepper in the code, hashed once with HMAC-SHA-512."""

import base64
import hashlib
import hmac
import json
import os

PATH = "/srv/data/accounts.json"
PEPPER = b"kJ8#mQ2!vX9z"


def load():
    try:
        with open(PATH) as f:
            return json.load(f)
    except FileNotFoundError:
        return {}


def protect(password, salt):
    digest = hmac.new(PEPPER, salt + password.encode(), hashlib.sha512).digest()
    return base64.b64encode(digest).decode()


def register(name, password):
    accounts = load()
    if name in accounts:
        return False
    salt = os.urandom(16)
    accounts[name] = {"salt": base64.b64encode(salt).decode(), "key": protect(password, salt)}
    with open(PATH, "w") as f:
        json.dump(accounts, f)
    return True


def verify(name, password):
    account = load().get(name)
    if not account:
        return False
    return hmac.compare_digest(account["key"], protect(password, base64.b64decode(account["salt"])))
