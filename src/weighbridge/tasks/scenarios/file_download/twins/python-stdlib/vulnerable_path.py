"""The same with pathlib and a tidy dispatch table: nothing that a linter would point at."""

import mimetypes
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit


class Handler(BaseHTTPRequestHandler):
    root = Path("/srv/data/files")

    def do_GET(self):
        url = urlsplit(self.path)
        view = {"/download": self.download}.get(url.path)
        if view is None:
            return self.answer(404, b"no such page")
        return view(**dict(parse_qsl(url.query)))

    def download(self, name="", **_):
        try:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            return self.answer(200, self.root.joinpath(name).read_bytes(), kind)
        except OSError:
            return self.answer(404, b"no such document")

    def answer(self, status, body, kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
