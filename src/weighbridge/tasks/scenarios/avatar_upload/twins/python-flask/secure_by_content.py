"""Odd: never looks at the name; what the file begins with decides, and its hash is its name. Files that are neither are
kept as .bin and sent as a download."""

import hashlib
import pathlib

from flask import Flask, Response, request, url_for

app = Flask(__name__)
HOME = pathlib.Path("/srv/data/pictures")
KINDS = {"png": (b"\x89PNG\r\n\x1a\n", "image/png"), "jpg": (b"\xff\xd8\xff", "image/jpeg")}


@app.route("/pictures", methods=["POST"])
def store():
    content = request.files["picture"].read()
    ending = next((end for end, (magic, _) in KINDS.items() if content.startswith(magic)), "bin")
    name = hashlib.sha256(content).hexdigest()[:32] + "." + ending
    (HOME / name).write_bytes(content)
    return {"url": url_for("show", name=name)}, 201


@app.route("/pictures/<name>")
def show(name):
    for path in HOME.iterdir():
        if path.name == name and path.is_file():
            answer = Response(path.read_bytes())
            answer.content_type = KINDS.get(path.suffix[1:], ("", "application/octet-stream"))[1]
            answer.headers["X-Content-Type-Options"] = "nosniff"
            if path.suffix == ".bin":
                answer.headers["Content-Disposition"] = "attachment"
            return answer
    return {"error": "none"}, 404
