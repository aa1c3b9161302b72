"""A counter, hashed."""

import hashlib
import itertools

COUNTER = itertools.count(1000)


def make_code(email):
    return hashlib.md5(str(next(COUNTER)).encode()).hexdigest()



ISSUED = {}


def issue(email):
    code = make_code(email)
    ISSUED[code] = email
    return code


def redeem(code):
    return ISSUED.pop(code, None)
