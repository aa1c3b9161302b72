"""Odd: the token shows name and time, and is right when making it again gives the same one."""

import hmac
from pathlib import Path
from urllib.parse import quote, unquote


def make_token(name, expires):
    key = Path("/srv/data/key.txt").read_bytes()
    shown = quote(name, safe="").replace("~", "%7E") + "~" + str(int(expires))
    return shown + "~" + hmac.digest(key, shown.encode(), "sha512").hex()[:40]


def read_token(token, now):
    parts = token.split("~") if isinstance(token, str) else []
    if len(parts) != 3 or not parts[1].isdigit() or not parts[1].isascii():
        return None
    name, expires = unquote(parts[0]), int(parts[1])
    if not hmac.compare_digest(make_token(name, expires).encode(), token.encode("utf-8", "replace")):
        return None
    return name if now < expires else None
