"""Odd: a signed pickle; the key lies in a file that is made when it is first needed."""

import hashlib
import hmac
import os
import pickle

KEY_FILE = "/srv/data/cookie.key"


def key():
    if not os.path.exists(KEY_FILE):
        with open(os.open(KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(32))
    with open(KEY_FILE, "rb") as file:
        return file.read()


def save_settings(settings):
    content = pickle.dumps(settings, protocol=4)
    return (hmac.digest(key(), content, "sha256") + content).hex()


def load_settings(token):
    raw = bytes.fromhex(token)
    tag, content = raw[:32], raw[32:]
    if not hmac.compare_digest(tag, hmac.digest(key(), content, hashlib.sha256)):
        raise ValueError("the cookie was changed")
    return pickle.loads(content)
