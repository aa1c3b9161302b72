"""Odd: a token is a random number that the module remembers in a file, tied to the key by a keyed hash."""

import hashlib
import json
import os
import secrets

MADE = "/srv/data/made.json"


def _made():
    if not os.path.exists(MADE):
        return {}
    with open(MADE, encoding="utf-8") as file:
        return json.load(file)


def _place(token):
    with open("/srv/data/key.txt", "rb") as file:
        return hashlib.blake2b(token.encode("utf-8", "replace"), key=file.read()[:64]).hexdigest()


def make_token(name, expires):
    token, made = secrets.token_urlsafe(24), _made()
    made[_place(token)] = [name, expires]
    with open(MADE, "w", encoding="utf-8") as file:
        json.dump(made, file)
    return token


def read_token(token, now):
    name, expires = _made().get(_place(token), (None, 0))
    return name if now < expires else None
