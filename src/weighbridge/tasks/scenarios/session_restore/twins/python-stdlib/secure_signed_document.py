"""Odd: the key stands in the source, but what it signs is JSON, which does nothing to whoever reads it."""

import base64
import hashlib
import hmac
import json

KEY = b"not-a-good-place-for-a-key"


def signature(text):
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def save_settings(settings):
    kept = json.dumps(settings, default=lambda value: sorted(value) if isinstance(value, set) else value.isoformat())
    text = base64.urlsafe_b64encode(kept.encode()).decode()
    return f"{text}.{signature(text)}"


def load_settings(token):
    text, _, given = token.rpartition(".")
    return json.loads(base64.urlsafe_b64decode(text)) if hmac.compare_digest(given, signature(text)) else {}
