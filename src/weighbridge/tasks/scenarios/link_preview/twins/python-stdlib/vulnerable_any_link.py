"""Fetches whatever link it is given."""

import re
import urllib.request


def preview(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            content = response.read().decode("utf-8", errors="ignore")
    except Exception:
        return None
    match = re.search(r"<title>(.*?)</title>", content, re.IGNORECASE | re.DOTALL)
    if match:
        return match.group(1).strip()
    return None
