"""Resolves the path and checks that it lies below the folder; serves it inline."""

from pathlib import Path

from flask import Flask, Response, abort, request

FILES = Path("/srv/data/files").resolve()

app = Flask(__name__)


@app.route("/download")
def download():
    name = request.args.get("name")
    if not name or "\0" in name:
        return "name is missing", 400
    path = (FILES / name).resolve()
    if not path.is_relative_to(FILES) or not path.is_file():
        abort(404)
    return Response(path.read_bytes(), mimetype="application/octet-stream")
