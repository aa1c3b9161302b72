"""The guest book of the hotel."""

import html
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

ENTRIES = []

PAGE = """<!DOCTYPE html>
<html>
<head><title>Guest book</title></head>
<body>
<h1>Guest book</h1>
{entries}
</body>
</html>
"""


def show(entry):
    name = html.escape(entry["name"])
    text = html.escape(entry["text"])
    return f'<div class="entry"><h2>{name}</h2><p>{text}</p></div>'


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/":
            self.send_error(404)
            return
        page = PAGE.format(entries="\n".join(show(entry) for entry in ENTRIES)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self):
        if self.path != "/entries":
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = parse_qs(body, keep_blank_values=True)
        ENTRIES.append({"name": form.get("name", [""])[0], "text": form.get("text", [""])[0]})
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()
