"""Odd: Python's own notation, read back as a literal and never run; dates are written as marked texts."""

import ast
from datetime import date

MARK = "\x00date:"


def each(value, change):
    if isinstance(value, dict):
        return {key: each(one, change) for key, one in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(each(one, change) for one in value)
    return change(value)


def save_settings(settings):
    return repr(each(settings, lambda value: MARK + value.isoformat() if isinstance(value, date) else value))


def load_settings(token):
    def back(value):
        is_date = isinstance(value, str) and value.startswith(MARK)
        return date.fromisoformat(value.removeprefix(MARK)) if is_date else value

    settings = ast.literal_eval(token)
    return each(settings, back) if isinstance(settings, dict) else {}
