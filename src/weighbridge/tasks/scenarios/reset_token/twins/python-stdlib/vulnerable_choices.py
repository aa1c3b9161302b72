"""Letters and digits from the default generator."""

import random
import string


def make_code(email):
    return "".join(random.choices(string.ascii_letters + string.digits, k=32))



ISSUED = {}


def issue(email):
    code = make_code(email)
    ISSUED[code] = email
    return code


def redeem(code):
    return ISSUED.pop(code, None)
