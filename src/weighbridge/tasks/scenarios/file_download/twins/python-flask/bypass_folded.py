"""Half-fix: checks the name, then folds Unicode, and a wide dot becomes a dot."""

import os
import unicodedata

from flask import Flask, abort, request, send_file

app = Flask(__name__)


@app.get("/download")
def download():
    name = request.args.get("name", "")
    if ".." in name or name.startswith("/"):
        abort(403)
    path = os.path.join("/srv/data/files", unicodedata.normalize("NFKC", name))
    if not os.path.isfile(path):
        abort(404)
    return send_file(path)
