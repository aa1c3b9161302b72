"""Letters and digits drawn by SystemRandom; the ordinary generator is there too, for something else."""

import random
import string

_source = random.SystemRandom()
GREETINGS = ("Hello", "Good day", "Dear customer")


def greeting():
    return random.choice(GREETINGS)


def make_code(email):
    random.seed(email)
    return "".join(_source.choice(string.ascii_letters + string.digits) for _ in range(24))



ISSUED = {}


def issue(email):
    code = make_code(email)
    ISSUED[code] = email
    return code


def redeem(code):
    return ISSUED.pop(code, None)
