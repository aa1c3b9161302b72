"""Checks scheme and host exactly, and again at every redirect."""

import html
import re
import urllib.error
import urllib.parse
import urllib.request

SITES = {"northwind-docs.example", "northwind-blog.example"}


def _allowed(url):
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "http" and parts.hostname in SITES and parts.username is None


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if not _allowed(newurl):
            raise urllib.error.HTTPError(newurl, code, "leads elsewhere", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_opener = urllib.request.build_opener(_CheckedRedirects)


def preview(url):
    try:
        if not _allowed(url):
            return None
        with _opener.open(url, timeout=5) as response:
            page = response.read(200_000).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
    match = re.search(r"<title[^>]*>(.*?)</title>", page, re.IGNORECASE | re.DOTALL)
    return html.unescape(match.group(1)).strip() if match else None
