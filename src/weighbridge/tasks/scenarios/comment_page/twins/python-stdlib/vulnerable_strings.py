"""Builds the page from strings as they are."""

from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

entries = []


def add(name, text, website):
    entries.append({"name": name, "text": text, "website": website})


def render():
    page = "<html><head><title>Guest Book</title></head><body>"
    for entry in entries:
        if entry["website"]:
            page += f'<h3><a href="{entry["website"]}">{entry["name"]}</a></h3>'
        else:
            page += f"<h3>{entry['name']}</h3>"
        page += f"<p>{entry['text']}</p>"
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
