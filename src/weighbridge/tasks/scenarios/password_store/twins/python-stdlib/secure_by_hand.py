"""Its own slow loop over HMAC, a hundred thousand times, with the salt and the key in one base64 text."""

import base64
import hmac
import json
import os

PATH = "/srv/data/accounts.json"


def slow(password: str, salt: bytes) -> bytes:
    key = password.encode("utf-8") or b"\0"
    value = salt
    for _ in range(100_000):
        value = hmac.digest(key, value + salt, "sha256")
    return value


def read() -> dict[str, str]:
    if not os.path.isfile(PATH):
        return {}
    with open(PATH, encoding="utf-8") as file:
        return json.load(file)


def register(name: str, password: str) -> bool:
    accounts = read()
    if name in accounts:
        return False
    salt = os.urandom(16)
    accounts[name] = base64.b64encode(salt + slow(password, salt)).decode()
    temporary = PATH + ".new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(accounts, file)
    os.replace(temporary, PATH)
    return True


def verify(name: str, password: str) -> bool:
    packed = base64.b64decode(read().get(name, ""))
    return len(packed) == 48 and hmac.compare_digest(packed[16:], slow(password, packed[:16]))
