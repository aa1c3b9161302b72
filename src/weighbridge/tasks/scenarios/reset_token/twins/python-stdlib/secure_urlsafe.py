"""Codes from the system's source, 32 bytes."""

import secrets


def make_code(email):
    return secrets.token_urlsafe(32)



ISSUED = {}


def issue(email):
    code = make_code(email)
    ISSUED[code] = email
    return code


def redeem(code):
    return ISSUED.pop(code, None)
