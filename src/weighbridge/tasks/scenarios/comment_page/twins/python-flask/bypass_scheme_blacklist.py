"""Escapes everything and turns down addresses that begin with javascript: or data: as written."""

from flask import Flask, redirect, request
from markupsafe import Markup

app = Flask(__name__)
entries = []


@app.get("/")
def index():
    body = Markup("<!doctype html><h1>Guest book</h1>")
    for entry in entries:
        name = Markup('<a href="%s">%s</a>') % (entry["website"], entry["name"]) if entry["website"] else entry["name"]
        body += Markup("<h2>%s</h2><p>%s</p>") % (name, entry["text"])
    return str(body)


@app.post("/entries")
def add():
    website = request.form.get("website", "")
    if website.lower().startswith(("javascript:", "data:", "vbscript:")):
        website = ""
    entries.append({"name": request.form["name"], "text": request.form["text"], "website": website})
    return redirect("/", code=303)
