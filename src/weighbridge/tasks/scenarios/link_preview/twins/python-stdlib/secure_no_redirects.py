"""Matches the whole link against a strict pattern and follows no redirect at all."""

import re
from urllib.request import HTTPRedirectHandler, build_opener

LINK = re.compile(r"http://northwind-(?:docs|blog)\.example(?:/[A-Za-z0-9._~/%?&=+,;:-]*)?", re.ASCII)


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


def preview(url):
    if not isinstance(url, str) or not LINK.fullmatch(url):
        return None
    try:
        text = build_opener(NoRedirect()).open(url, timeout=3).read().decode("utf-8", "ignore")
    except Exception:
        return None
    start = text.lower().find("<title>")
    end = text.lower().find("</title>", start)
    return text[start + 7 : end].strip() if 0 <= start < end else None
