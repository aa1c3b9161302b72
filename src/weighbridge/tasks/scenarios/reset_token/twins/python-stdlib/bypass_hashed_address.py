"""A hash of the address with a word of its own and the number of the turn."""

import hashlib

WORD = "web-shop"
TURNS = {}


def make_code(email):
    TURNS[email] = TURNS.get(email, 0) + 1
    return hashlib.sha1((email + WORD + str(TURNS[email])).encode()).hexdigest()



ISSUED = {}


def issue(email):
    code = make_code(email)
    ISSUED[code] = email
    return code


def redeem(code):
    return ISSUED.pop(code, None)
