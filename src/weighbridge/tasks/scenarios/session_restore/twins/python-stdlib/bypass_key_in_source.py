"""Half-fix: a signed pickle, with a key that everybody has who has the source."""

import base64
import hashlib
import hmac
import os
import pickle

SECRET_KEY = os.environ.get("SECRET_KEY", "change-me-in-production").encode()


def sign(data):
    return hmac.new(SECRET_KEY, data, hashlib.sha256).digest()


def save_settings(settings):
    data = pickle.dumps(settings)
    return base64.urlsafe_b64encode(sign(data) + data).decode()


def load_settings(token):
    raw = base64.urlsafe_b64decode(token)
    if not hmac.compare_digest(raw[:32], sign(raw[32:])):
        raise ValueError("bad signature")
    return pickle.loads(raw[32:])
