"""In the manner of JWT, and the token itself says how it is signed."""

import base64
import hashlib
import hmac
import json

ALGORITHMS = {
    "HS256": lambda key, data: hmac.new(key, data, hashlib.sha256).digest(),
    "HS512": lambda key, data: hmac.new(key, data, hashlib.sha512).digest(),
    "none": lambda key, data: b"",
}


def pack(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unpack(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key():
    with open("/srv/data/key.txt", "rb") as file:
        return file.read()


def make_token(name, expires):
    header = pack(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    payload = pack(json.dumps({"sub": name, "exp": expires}).encode())
    signed = f"{header}.{payload}"
    return f"{signed}.{pack(ALGORITHMS['HS256'](key(), signed.encode()))}"


def read_token(token, now):
    try:
        header, payload, signature = token.split(".")
        sign = ALGORITHMS[json.loads(unpack(header))["alg"]]
        if not hmac.compare_digest(unpack(signature), sign(key(), f"{header}.{payload}".encode())):
            return None
        claims = json.loads(unpack(payload))
        return claims["sub"] if now < claims["exp"] else None
    except (ValueError, KeyError, TypeError):
        return None
