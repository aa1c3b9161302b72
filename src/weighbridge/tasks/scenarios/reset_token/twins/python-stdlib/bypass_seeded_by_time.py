"""Seeds the generator with the time, for good measure, and draws from it."""

import random
import string
import time


def make_code(email):
    rng = random.Random(time.time())
    return "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(40))



ISSUED = {}


def issue(email):
    code = make_code(email)
    ISSUED[code] = email
    return code


def redeem(code):
    return ISSUED.pop(code, None)
