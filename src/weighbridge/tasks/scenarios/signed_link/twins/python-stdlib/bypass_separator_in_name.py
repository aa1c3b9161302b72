"""Signs name|time|, and reads the first two pieces of it: a name with a | in it brings a time of its own."""

import base64
import hashlib
import hmac


def _mac(data):
    with open("/srv/data/key.txt", "rb") as file:
        return hmac.new(file.read(), data, hashlib.sha256).digest()


def make_token(name, expires):
    data = f"{name}|{expires}|".encode()
    return base64.urlsafe_b64encode(_mac(data) + data).decode()


def read_token(token, now):
    try:
        raw = base64.urlsafe_b64decode(token)
        if not hmac.compare_digest(raw[:32], _mac(raw[32:])):
            return None
        name, expires = raw[32:].decode().split("|")[:2]
        return name if now < int(expires) else None
    except ValueError:
        return None
