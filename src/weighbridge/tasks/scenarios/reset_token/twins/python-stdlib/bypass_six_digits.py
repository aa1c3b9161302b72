"""From the system's source, but six digits only."""

import secrets


def make_code(email):
    code = f"{secrets.randbelow(1_000_000):06d}"
    while code in ISSUED:
        code = f"{secrets.randbelow(1_000_000):06d}"
    return code



ISSUED = {}


def issue(email):
    code = make_code(email)
    ISSUED[code] = email
    return code


def redeem(code):
    return ISSUED.pop(code, None)
