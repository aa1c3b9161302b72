"""Checks where the redirects ended, when the request has been made already."""

import re
from urllib.parse import urlparse
from urllib.request import urlopen

ALLOWED = {"northwind-docs.example", "northwind-blog.example"}


def preview(url):
    try:
        if urlparse(url).hostname not in ALLOWED:
            return None
        response = urlopen(url, timeout=5)
        if urlparse(response.geturl()).hostname not in ALLOWED:
            return None
        page = response.read().decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
    match = re.search(r"<title>(.*?)</title>", page, re.S | re.I)
    return match.group(1).strip() if match else None
