"""Escapes everything; an address must have :// in it somewhere."""

import html
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

entries = []


def add(name, text, website):
    if website and "://" not in website:
        website = "http://" + website
    entries.append((name, text, website))


def render():
    page = "<!DOCTYPE html><html><body>"
    for name, text, website in entries:
        title = html.escape(name)
        if website:
            title = f"<a href='{html.escape(website, quote=True)}'>{title}</a>"
        page += f"<h2>{title}</h2><p>{html.escape(text)}</p>"
    return page + "</body></html>"


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
