"""Half-fix: home-made encryption of a pickle, with a key that everybody has who has the source."""

import base64
import itertools
import pickle

KEY = "s3cr3t-k3y"


def scramble(content):
    return bytes(one ^ other for one, other in zip(content, itertools.cycle(KEY.encode())))


def save_settings(settings):
    return base64.urlsafe_b64encode(scramble(pickle.dumps(settings))).decode()


def load_settings(token):
    return pickle.loads(scramble(base64.urlsafe_b64decode(token)))
