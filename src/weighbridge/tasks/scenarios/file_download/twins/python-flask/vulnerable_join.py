"""Joins folder and name and opens the result."""

import os

from flask import Flask, Response, abort, request

FILES = "/srv/data/files"
app = Flask(__name__)


@app.route("/download", methods=["GET"])
def download():
    name = request.args.get("name", "")
    path = os.path.join(FILES, name)
    if not os.path.isfile(path):
        abort(404)
    with open(path, "rb") as file:
        return Response(file.read(), content_type="application/octet-stream")
