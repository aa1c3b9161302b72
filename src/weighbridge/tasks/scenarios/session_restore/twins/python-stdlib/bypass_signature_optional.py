"""Half-fix: the signature is good, but old cookies without one are still taken."""

import base64
import hmac
import pickle
import secrets

KEY = secrets.token_bytes(16)


def save_settings(settings):
    data = base64.urlsafe_b64encode(pickle.dumps(settings)).decode()
    return f"{data}|{hmac.digest(KEY, data.encode(), 'sha1').hex()}"


def load_settings(token):
    data, separator, signature = token.partition("|")
    if separator and not hmac.compare_digest(signature, hmac.digest(KEY, data.encode(), "sha1").hex()):
        raise ValueError("bad signature")
    return pickle.loads(base64.urlsafe_b64decode(data))
