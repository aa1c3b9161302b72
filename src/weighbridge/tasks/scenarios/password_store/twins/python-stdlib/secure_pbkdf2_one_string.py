"""A list of accounts, each with one encoded PBKDF2 string, the time it was made, and a pepper in front."""

import base64
import datetime
import hashlib
import json
import secrets
from pathlib import Path

STORE = Path("/srv/data/accounts.json")
PEPPER = "shop-2024"
ROUNDS = 200_000


def encode(password, salt, rounds):
    key = hashlib.pbkdf2_hmac("sha512", (PEPPER + password).encode("utf-8"), salt.encode("ascii"), rounds, 32)
    return "pbkdf2_sha512${}${}${}".format(rounds, salt, base64.b64encode(key).decode("ascii"))


def entries():
    return json.loads(STORE.read_text("utf-8")) if STORE.exists() else []


def register(name, password):
    known = entries()
    if any(entry["name"] == name for entry in known):
        return False
    made = datetime.datetime.now().isoformat(timespec="seconds")
    known.append({"name": name, "password": encode(password, secrets.token_urlsafe(9), ROUNDS), "created": made})
    STORE.write_text(json.dumps(known, indent=2, ensure_ascii=False), "utf-8")
    return True


def verify(name, password):
    for entry in entries():
        if entry["name"] == name:
            _, rounds, salt, _ = entry["password"].split("$")
            return secrets.compare_digest(encode(password, salt, int(rounds)), entry["password"])
    return False
