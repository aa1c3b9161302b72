"""Settings of the visitors of a shop, and a cache of pages on disk."""

import os
import pickle
import time
from datetime import date

CACHE = "/srv/data/cache"

DEFAULTS = {"theme": "light", "language": "en", "columns": ["name", "price"], "since": date(2024, 1, 1)}


def settings_for(changes):
    """The defaults with a visitor's changes."""
    return {**DEFAULTS, **changes}


def describe(settings):
    return ", ".join(f"{name}: {value}" for name, value in sorted(settings.items()))


def keep_page(number, page):
    """Puts a page that was expensive to compute into the cache."""
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, f"{int(number)}.page"), "wb") as file:
        pickle.dump((time.time(), page), file)


def kept_page(number, max_age=300):
    """A page from the cache, or None where it is not there or too old."""
    try:
        with open(os.path.join(CACHE, f"{int(number)}.page"), "rb") as file:
            stored, page = pickle.load(file)
    except FileNotFoundError:
        return None
    return page if time.time() - stored < max_age else None
