"""A pickle in base64."""

import base64
import pickle


def save_settings(settings):
    return base64.b64encode(pickle.dumps(settings)).decode("utf-8")


def load_settings(token):
    return pickle.loads(base64.b64decode(token.encode("utf-8")))
