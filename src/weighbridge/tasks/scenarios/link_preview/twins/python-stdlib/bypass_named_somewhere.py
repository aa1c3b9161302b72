"""Takes a link in which one of the two sites is named."""

import http.client
import re
from urllib.parse import urlsplit


def preview(url):
    if not any(site in url for site in ("northwind-docs.example", "northwind-blog.example")):
        return None
    try:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=5)
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        if response.status != 200:
            return None
        page = response.read().decode("utf-8", "replace")
    except (OSError, ValueError, http.client.HTTPException):
        return None
    match = re.search(r"<title>(.*?)</title>", page, re.S | re.I)
    return match.group(1).strip() if match else None
