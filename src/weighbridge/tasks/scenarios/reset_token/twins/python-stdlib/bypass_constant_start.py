"""A generator of its own, with a start that stands in the program."""

import random
import string

LETTERS = string.ascii_letters + string.digits
generator = random.Random("web-shop-2024")
issued = {}


def issue(email):
    code = "".join(generator.choice(LETTERS) for _ in range(24))
    issued[code] = email
    return code


def redeem(code):
    return issued.pop(code, None)
