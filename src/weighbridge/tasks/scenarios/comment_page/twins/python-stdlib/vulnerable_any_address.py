"""Escapes everything, and links to whatever address was given."""

from html import escape
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

entries = []


def add(name, text, website):
    entries.append((name, text, website.strip()))


def render():
    items = []
    for name, text, website in entries:
        heading = f'<a href="{escape(website)}">{escape(name)}</a>' if website else escape(name)
        items.append(f"<li><strong>{heading}</strong><p>{escape(text)}</p></li>")
    return f"<!DOCTYPE html><html><body><ul>{''.join(items)}</ul></body></html>"


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
