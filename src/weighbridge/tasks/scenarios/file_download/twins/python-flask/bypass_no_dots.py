"""Half-fix: forbids dots that climb, but not names that begin at the root."""

import os

from flask import Flask, abort, request, send_file

app = Flask(__name__)


@app.get("/download")
def download():
    name = request.args.get("name", "")
    if ".." in name:
        abort(400, "invalid name")
    path = os.path.join("/srv/data/files", name)
    if not os.path.exists(path):
        abort(404)
    return send_file(path)
