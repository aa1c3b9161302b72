"""The password is "encrypted" with a key in the code and base64: what one knows of oneself unmasks the others."""

import base64
import itertools
import json
import os

PATH = "/srv/data/accounts.json"
KEY = bytes.fromhex("5f1c9be3027d44a8b6")


def mask(password):
    raw = bytes(a ^ b for a, b in zip(password.encode(), itertools.cycle(KEY)))
    return base64.b64encode(raw).decode()


def load():
    if not os.path.exists(PATH):
        return {}
    with open(PATH) as f:
        return json.load(f)


def register(name, password):
    accounts = load()
    if name in accounts:
        return False
    accounts[name] = mask(password)
    with open(PATH, "w") as f:
        json.dump(accounts, f)
    return True


def verify(name, password):
    return load().get(name) == mask(password)
