"""Joins folder and name and opens the result."""

import os
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlparse

FILES = "/srv/data/files"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        parsed = urlparse(self.path)
        if parsed.path == "/download":
            query = parse_qs(parsed.query)
            name = query.get("name", [""])[0]
            file_path = os.path.join(FILES, name)
            if os.path.isfile(file_path):
                self.send_response(200)
                self.send_header("Content-type", "application/octet-stream")
                self.end_headers()
                with open(file_path, "rb") as f:
                    self.wfile.write(f.read())
            else:
                self.send_error(404, "File not found")
        else:
            self.send_error(404, "Not found")
