"""Half-fix: no pickle; Python's own notation, read by eval with hardly any names."""

import base64
import datetime


def save_settings(settings):
    return base64.b64encode(repr(settings).encode()).decode()


def load_settings(token):
    text = base64.b64decode(token).decode()
    if not (text.startswith("{") and text.endswith("}")):
        raise ValueError("no settings")
    return eval(text, {"__builtins__": {}, "datetime": datetime, "set": set})
