"""Escapes everything but quotes; the text also goes into a handler's string."""

import html
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

entries = []


def add(name, text, website):
    if not website.startswith(("http://", "https://")):
        website = ""
    entries.append((html.escape(name), html.escape(text), html.escape(website)))


def render():
    page = ["<!DOCTYPE html><html><body>"]
    for name, text, website in entries:
        title = f'<a href="{website}">{name}</a>' if website else name
        page.append(f"<h2>{title}</h2><p ondblclick=\"quote('{text}')\">{text}</p>")
    return "\n".join([*page, "</body></html>"])


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
