"""Odd: walks the folder on every request and serves only names that it met there."""

import os

from flask import Flask, make_response, request

app = Flask(__name__)
ROOT = "/srv/data/files"


def catalogue():
    found = {}
    for folder, _, files in os.walk(ROOT):
        for file in files:
            path = os.path.join(folder, file)
            found[os.path.relpath(path, ROOT)] = path
    return found


@app.get("/download")
def download():
    path = catalogue().get(request.args.get("name", ""))
    if path is None:
        return {"error": "no such document"}, 404
    with open(path, "rb") as file:
        response = make_response(file.read())
    response.headers["Content-Type"] = "application/octet-stream"
    return response
