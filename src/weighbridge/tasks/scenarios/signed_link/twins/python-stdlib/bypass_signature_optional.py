"""Looks at the signature when there is one."""

import hashlib
import hmac
from urllib.parse import quote, unquote


def _sign(text):
    with open("/srv/data/key.txt", "rb") as file:
        return hmac.new(file.read(), text.encode(), hashlib.sha1).hexdigest()


def make_token(name, expires):
    text = f"{quote(name, safe='')}:{expires}"
    return f"{text}:{_sign(text)}"


def read_token(token, now):
    parts = token.split(":")
    if len(parts) < 2 or not parts[1].isdigit():
        return None
    if len(parts) > 2 and parts[2]:
        if not hmac.compare_digest(_sign(f"{parts[0]}:{parts[1]}"), parts[2]):
            return None
    return unquote(parts[0]) if now < int(parts[1]) else None
