"""Escapes with quotes, and links only for http and https addresses."""

import html
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

ENTRIES = []


def add(name, text, website):
    try:
        scheme = urlsplit(website).scheme
    except ValueError:
        scheme = ""
    ENTRIES.append((name, text, website if scheme in ("http", "https") else ""))


def render():
    parts = ["<!DOCTYPE html><html><body><h1>Guest book</h1>"]
    for name, text, website in ENTRIES:
        shown = html.escape(name)
        if website:
            shown = f'<a href="{html.escape(website)}">{shown}</a>'
        parts.append(f"<h2>{shown}</h2><p>{html.escape(text)}</p>")
    return "\n".join(parts) + "</body></html>"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/":
            self.send_error(404)
            return
        page = render().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        form = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
        add(*(form.get(field, [""])[0] for field in ("name", "text", "website")))
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()
