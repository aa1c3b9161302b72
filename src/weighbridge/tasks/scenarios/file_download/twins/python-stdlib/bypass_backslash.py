"""Half-fix: checks the name, then turns backslashes round for the sake of Windows users."""

import os
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

FILES = "/srv/data/files"


def find_document(name):
    parts = name.split("/")
    if ".." in parts or name.startswith("/"):
        return None
    return os.path.join(FILES, name.replace("\\", "/"))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        name = parse_qs(url.query).get("name", [""])[0]
        path = find_document(name) if url.path == "/download" else None
        if path is None or not os.path.isfile(path):
            self.send_error(404)
            return
        with open(path, "rb") as document:
            content = document.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
