"""Document server: tells which documents there are below /srv/data/files."""

import json
import os
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

FILES = "/srv/data/files"


def document_path(name):
    return os.path.join(FILES, name)


def document_names():
    names = []
    for folder, _, files in os.walk(FILES):
        for file in files:
            names.append(os.path.relpath(os.path.join(folder, file), FILES))
    return sorted(names)


def describe(name):
    info = os.stat(document_path(name))
    changed = datetime.fromtimestamp(info.st_mtime, timezone.utc)
    return {"name": name, "bytes": info.st_size, "changed": changed.isoformat()}


class Handler(BaseHTTPRequestHandler):
    def reply(self, status, body, content_type="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/documents":
            self.reply(200, json.dumps([describe(name) for name in document_names()]).encode())
        elif path == "/health":
            self.reply(200, json.dumps({"status": "ok", "documents": len(document_names())}).encode())
        else:
            self.reply(404, b'{"error": "not found"}')
