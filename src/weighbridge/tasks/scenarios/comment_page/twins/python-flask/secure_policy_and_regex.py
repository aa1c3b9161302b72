"""Odd: rejects entries with a strange address, escapes by hand, shows the text in a text area, and offers the entries to
a script as JSON as well."""

import json
import re

from flask import Flask, Response, abort, redirect, request
from markupsafe import Markup, escape

app = Flask(__name__)
ENTRIES: list[tuple[str, str, str]] = []
ADDRESS = re.compile(r"https?://[^\s\"'<>]+")


@app.route("/")
def show():
    parts = [Markup("<!doctype html><html><head><title>Guests</title></head><body>")]
    for name, text, website in ENTRIES:
        title = Markup("<a href='{}'>{}</a>").format(website, name) if website else escape(name)
        parts.append(Markup("<h3>{}</h3><textarea readonly>{}</textarea>").format(title, text))
    data = json.dumps([list(entry) for entry in ENTRIES]).replace("<", "\\u003c").replace("&", "\\u0026")
    parts.append(Markup("<script>var entries = " + data + ";</script></body></html>"))
    return Response("\n".join(parts), mimetype="text/html")


@app.route("/entries", methods=["POST"])
def add():
    name, text, website = (request.form.get(field, "") for field in ("name", "text", "website"))
    if website and not ADDRESS.fullmatch(website):
        abort(400, "this is not the address of a website")
    ENTRIES.insert(0, (name, text, website))
    return redirect("/", code=303)
