"""Odd: lends the library's own handler of static files its path, already without anything that climbs."""

from http.server import SimpleHTTPRequestHandler
from urllib.parse import parse_qs, quote, urlsplit


class Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, directory="/srv/data/files", **kwargs)

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path != "/download":
            self.send_error(404)
            return
        self.path = "/" + quote(parse_qs(url.query).get("name", [""])[0])
        super().do_GET()
