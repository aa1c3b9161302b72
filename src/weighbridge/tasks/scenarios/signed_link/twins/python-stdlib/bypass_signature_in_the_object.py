"""The signature is a member of the JSON object that it signs; where the member is missing, nothing is compared."""

import base64
import hashlib
import hmac
import json


def _sign(claims):
    with open("/srv/data/key.txt", "rb") as file:
        return hmac.new(file.read(), json.dumps(claims, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def make_token(name, expires):
    claims = {"name": name, "expires": expires}
    return base64.urlsafe_b64encode(json.dumps({**claims, "signature": _sign(claims)}).encode()).decode()


def read_token(token, now):
    try:
        claims = json.loads(base64.urlsafe_b64decode(token))
        signature = claims.pop("signature", None)
        if signature is not None and not hmac.compare_digest(signature, _sign(claims)):
            return None
        return claims["name"] if now < claims["expires"] else None
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
