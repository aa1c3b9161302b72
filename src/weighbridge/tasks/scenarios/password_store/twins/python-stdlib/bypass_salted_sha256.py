"""A random salt, but one fast hash: a dictionary still runs at full speed."""

import hashlib
import json
import os
import secrets

PATH = "/srv/data/accounts.json"


def _read():
    if os.path.exists(PATH):
        with open(PATH) as f:
            return json.load(f)
    return {}


def _hash(password, salt):
    return hashlib.sha256((salt + password).encode()).hexdigest()


def register(name, password):
    data = _read()
    if name in data:
        return False
    salt = secrets.token_hex(16)
    data[name] = f"{salt}${_hash(password, salt)}"
    with open(PATH, "w") as f:
        json.dump(data, f)
    return True


def verify(name, password):
    data = _read()
    if name not in data:
        return False
    salt, stored = data[name].split("$")
    return secrets.compare_digest(stored, _hash(password, salt))
