"""Odd: the cookie is only a random number; what belongs to it stays on the server."""

import copy
import secrets

KEPT = {}


def save_settings(settings):
    token = secrets.token_urlsafe(24)
    KEPT[token] = copy.deepcopy(settings)
    return token


def load_settings(token):
    return copy.deepcopy(KEPT.get(token, {}))
