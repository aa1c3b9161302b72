"""Resolves the path and checks that it lies below the folder."""

from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlparse

FILES = Path("/srv/data/files").resolve()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlparse(self.path)
        name = parse_qs(url.query).get("name", [""])[0]
        if url.path != "/download" or not name:
            self.send_error(404)
            return
        try:
            path = (FILES / name).resolve()
            path.relative_to(FILES)
            content = path.read_bytes()
        except (OSError, ValueError):
            self.send_error(404, "Not Found")
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
