"""A UUID, but of the version that is made of the time."""

import uuid


def make_code(email):
    return str(uuid.uuid1())



ISSUED = {}


def issue(email):
    code = make_code(email)
    ISSUED[code] = email
    return code


def redeem(code):
    return ISSUED.pop(code, None)
