"""Half-fix: a pickle in a JSON document, with a checksum of it in another field."""

import base64
import hashlib
import json
import pickle


def save_settings(settings):
    content = base64.b64encode(pickle.dumps(settings)).decode()
    return json.dumps({"version": 2, "content": content, "check": hashlib.md5(content.encode()).hexdigest()})


def load_settings(token):
    document = json.loads(token)
    if hashlib.md5(document["content"].encode()).hexdigest() != document["check"]:
        raise ValueError("the cookie is damaged")
    return pickle.loads(base64.b64decode(document["content"]))
