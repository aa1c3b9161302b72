"""Odd: serves only what a walk through the folder met; says what went wrong with status 404 and text."""

import os
import shutil
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

ROOT = "/srv/data/files"


def known_documents():
    for folder, _, files in os.walk(ROOT):
        for file in files:
            yield os.path.relpath(os.path.join(folder, file), ROOT)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        name = "".join(parse_qs(url.query).get("name", []))
        if url.path == "/download" and name in set(known_documents()):
            with open(os.path.join(ROOT, name), "rb") as document:
                self.send_response(200)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(os.fstat(document.fileno()).st_size))
                self.end_headers()
                shutil.copyfileobj(document, self.wfile)
        else:
            text = f"There is no document {name!r}.".encode()
            self.send_response(404)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
