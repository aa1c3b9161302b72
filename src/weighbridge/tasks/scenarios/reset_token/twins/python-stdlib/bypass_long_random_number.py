"""A hundred and twenty-eight bits, but of the default generator."""

import random


def make_code(email):
    return "%032x" % random.getrandbits(128)



ISSUED = {}


def issue(email):
    code = make_code(email)
    ISSUED[code] = email
    return code


def redeem(code):
    return ISSUED.pop(code, None)
