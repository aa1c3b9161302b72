"""Name and time are signed as one string without anything between them."""

import hashlib
import hmac
from pathlib import Path
from urllib.parse import quote, unquote

KEY = Path("/srv/data/key.txt").read_bytes().strip()


def signature(name, expires):
    return hmac.new(KEY, (name + str(expires)).encode("utf-8"), hashlib.sha256).hexdigest()


def make_token(name, expires):
    return "~".join([quote(name, safe=""), str(expires), signature(name, expires)])


def read_token(token, now):
    try:
        name, expires, given = token.split("~")
        name, expires = unquote(name), int(expires)
    except ValueError:
        return None
    if not hmac.compare_digest(given, signature(name, expires)):
        return None
    return name if expires > now else None
