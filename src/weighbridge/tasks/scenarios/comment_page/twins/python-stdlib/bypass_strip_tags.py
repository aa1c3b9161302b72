"""Takes out whole tags with a regular expression; a tag that is not closed gets through."""

import re
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

entries = []


def plain(text):
    return re.sub(r"<[^>]*>", "", text)


def add(name, text, website):
    if not re.match(r"https?://[\w./?=&;%-]+$", website):
        website = ""
    entries.append((plain(name), plain(text), website))


def render():
    page = ["<!DOCTYPE html><html><body><h1>Guest book</h1>"]
    for name, text, website in entries:
        page.append(f'<h2><a href="{website}">{name}</a></h2>' if website else f"<h2>{name}</h2>")
        page.append(f"<p>{text}</p>")
    return "\n".join(page) + "\n</body></html>"


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
