"""Half-fix: compares the resolved path with the folder as text, so a sibling folder with the same beginning passes."""

import os

from flask import Flask, abort, request, send_file

FILES = "/srv/data/files"
app = Flask(__name__)


@app.get("/download")
def download():
    path = os.path.realpath(os.path.join(FILES, request.args.get("name", "")))
    if not path.startswith(FILES):
        abort(403)
    if not os.path.isfile(path):
        abort(404)
    return send_file(path)
