"""Half-fix: a checksum without a key, which whoever changes the token makes again."""

import base64
import hashlib
import pickle


def checksum(data):
    return hashlib.sha256(data).hexdigest()


def save_settings(settings):
    data = pickle.dumps(settings)
    return base64.b64encode(data).decode() + ":" + checksum(data)


def load_settings(token):
    text, _, check = token.partition(":")
    data = base64.b64decode(text)
    if checksum(data) != check:
        raise ValueError("the cookie was changed")
    return pickle.loads(data)
