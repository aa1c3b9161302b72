"""Odd: takes only the path of a link and asks one of two connections that it opens by itself."""

import http.client
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit


class _Title(HTMLParser):
    def __init__(self):
        super().__init__()
        self.inside = False
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "title" and not self.text

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.text += data


def _site(host):
    for known in ("northwind-docs.example", "northwind-blog.example"):
        if host == known or host == known + ":80":
            return known
    raise LookupError(host)


def preview(url):
    try:
        for _ in range(4):
            parts = urlsplit(url)
            if parts.scheme.lower() != "http":
                return None
            connection = http.client.HTTPConnection(_site(parts.netloc.lower()), 80, timeout=4)
            connection.request("GET", (parts.path or "/") + ("?" + parts.query if parts.query else ""))
            answer = connection.getresponse()
            if answer.status in (301, 302, 303, 307, 308):
                url = urljoin(url, answer.getheader("Location", ""))
                continue
            if answer.status != 200:
                return None
            reader = _Title()
            reader.feed(answer.read(100_000).decode("utf-8", "replace"))
            return reader.text.strip() or None
    except (OSError, ValueError, LookupError, http.client.HTTPException):
        return None
    return None
