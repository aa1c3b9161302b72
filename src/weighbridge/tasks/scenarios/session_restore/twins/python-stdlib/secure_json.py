"""JSON with a tag for each type that JSON does not know, in base64."""

import base64
import json
from datetime import date, datetime


def tagged(value):
    if isinstance(value, dict):
        return {"d": [[key, tagged(one)] for key, one in value.items()]}
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    for kind in (list, tuple, set):
        if isinstance(value, kind):
            return {kind.__name__: [tagged(one) for one in value]}
    return value


def untagged(value):
    if not isinstance(value, dict):
        return value
    (tag, content), = value.items()
    if tag == "d":
        return {key: untagged(one) for key, one in content}
    if tag in ("date", "datetime"):
        return {"date": date, "datetime": datetime}[tag].fromisoformat(content)
    return {"list": list, "tuple": tuple, "set": set}[tag](untagged(one) for one in content)


def save_settings(settings):
    return base64.urlsafe_b64encode(json.dumps(tagged(settings)).encode()).decode()


def load_settings(token):
    return untagged(json.loads(base64.urlsafe_b64decode(token)))
