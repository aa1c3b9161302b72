"""Odd: walks down from the folder with descriptors, one plain name at a time, and follows nothing."""

import os
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

ROOT = "/srv/data/files"


def read_document(name):
    here = os.open(ROOT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *folders, last = name.split("/")
        for folder in folders:
            if folder in ("", ".", ".."):
                raise FileNotFoundError(name)
            below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = below
        with os.fdopen(os.open(last, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=here), "rb") as file:
            return file.read()
    finally:
        os.close(here)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        try:
            if url.path != "/download":
                raise FileNotFoundError(url.path)
            body, status = read_document(parse_qs(url.query)["name"][0]), 200
        except (OSError, ValueError, KeyError):
            body, status = b"not found", 404
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
