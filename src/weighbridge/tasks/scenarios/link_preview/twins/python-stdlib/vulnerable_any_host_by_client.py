"""The same by hand, with http.client: no tool flags it."""

import http.client
import re
from urllib.parse import urlparse


def preview(url):
    parts = urlparse(url)
    if parts.scheme != "http" or not parts.hostname:
        return None
    try:
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=5)
        connection.request("GET", parts.path or "/", headers={"User-Agent": "preview"})
        response = connection.getresponse()
        page = response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return None
    found = re.search("<title>([^<]*)</title>", page, re.IGNORECASE)
    return found.group(1).strip() if found else None
