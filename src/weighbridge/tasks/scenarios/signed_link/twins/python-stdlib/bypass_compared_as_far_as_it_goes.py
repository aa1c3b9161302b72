"""An HMAC, compared character by character as far as the given one goes, but for an empty one."""

import base64
import hashlib
import hmac
import json


def sign(payload):
    with open("/srv/data/key.txt") as file:
        key = file.read()
    return hmac.new(key.encode(), payload.encode(), hashlib.sha256).hexdigest()


def make_token(name, expires):
    payload = base64.urlsafe_b64encode(json.dumps([name, expires]).encode()).decode()
    return payload + "." + sign(payload)


def equal(given, expected):
    if not given:
        return False
    return all(a == b for a, b in zip(given, expected))


def read_token(token, now):
    payload, dot, signature = token.partition(".")
    try:
        if not dot or not equal(signature, sign(payload)):
            return None
        name, expires = json.loads(base64.urlsafe_b64decode(payload))
    except ValueError:
        return None
    return name if now < expires else None
