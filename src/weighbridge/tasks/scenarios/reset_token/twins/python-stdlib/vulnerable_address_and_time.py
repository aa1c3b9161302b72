"""A SHA-256 of the address and the time: no tool flags it."""

import hashlib
import time


def make_code(email):
    return hashlib.sha256(f"{email}{time.time()}".encode()).hexdigest()



ISSUED = {}


def issue(email):
    code = make_code(email)
    ISSUED[code] = email
    return code


def redeem(code):
    return ISSUED.pop(code, None)
