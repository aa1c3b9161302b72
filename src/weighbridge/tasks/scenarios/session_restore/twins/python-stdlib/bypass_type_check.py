"""Half-fix: looks at what came out, when it has already run."""

import pickle


def save_settings(settings):
    return pickle.dumps(settings).hex()


def load_settings(token):
    settings = pickle.loads(bytes.fromhex(token))
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        raise TypeError("these are no settings")
    return settings
