"""Escapes the three characters of an element, not the quotes that end an attribute."""

from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlparse

entries = []


def clean(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def add(name, text, website):
    if urlparse(website).scheme not in ("", "http", "https"):
        website = ""
    entries.append((clean(name), clean(text), clean(website)))


def render():
    rows = "".join(row(*entry) for entry in entries)
    return f"<!DOCTYPE html><html><body><table>{rows}</table></body></html>"


def row(name, text, website):
    shown = '<a href="' + website + '">' + name + "</a>" if website else name
    return "<tr><td>" + shown + "</td><td>" + text + "</td></tr>"


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
