"""Odd: drops every part that is not a plain name, and so serves something harmless or nothing."""

import os
import re

from flask import Flask, request, send_file

app = Flask(__name__)


@app.get("/download")
def download():
    name = request.args.get("name", "")
    parts = [part for part in re.split(r"[\\/]+", name) if re.fullmatch(r"\w[\w.\-]*", part)]
    path = os.path.join("/srv/data/files", *parts)
    if not os.path.isfile(path):
        return "Sorry, there is no document of that name.", 404
    return send_file(path)
