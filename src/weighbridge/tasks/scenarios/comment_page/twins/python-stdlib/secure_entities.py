"""Odd: every character that is not a letter, a digit or a space becomes a numeric reference, and every address gets http
in front when it does not have it."""

from http.server import BaseHTTPRequestHandler
from string import Template
from urllib.parse import parse_qs

BOOK = []
ENTRY = Template("<dt>$title</dt><dd>$text</dd>\n")


def quoted(text):
    return "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in text)


def add(name, text, website):
    if website and not website.lower().startswith(("http://", "https://")):
        website = "http://" + website
    BOOK.append((name, text, website))


def render():
    shown = []
    for name, text, website in reversed(BOOK):
        title = f"<a href='{quoted(website)}'>{quoted(name)}</a>" if website else quoted(name)
        shown.append(ENTRY.substitute(title=title, text=quoted(text)))
    return "<!DOCTYPE html><title>Guest book</title><dl>" + "".join(shown) + "</dl>"


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
