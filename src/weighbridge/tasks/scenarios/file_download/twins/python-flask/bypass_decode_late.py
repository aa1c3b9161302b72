"""Half-fix: checks the name, then decodes it once more."""

import os
from urllib.parse import unquote

from flask import Flask, abort, request, send_file

FILES = "/srv/data/files"
app = Flask(__name__)


@app.get("/download")
def download():
    name = request.args.get("name", "")
    if name.startswith("/") or ".." in name.split("/"):
        abort(404)
    path = os.path.join(FILES, unquote(name))
    if not os.path.isfile(path):
        abort(404)
    return send_file(path)
