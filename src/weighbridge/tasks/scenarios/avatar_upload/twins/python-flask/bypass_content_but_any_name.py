"""Looks into the file: it must begin as a picture; the name is kept."""

import os


from flask import Flask, jsonify, request, send_from_directory
PICTURES = "/srv/data/pictures"
app = Flask(__name__)


@app.post("/pictures")
def upload():
    content = request.files["picture"].read()
    name = os.path.basename(request.files["picture"].filename)
    if not content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return jsonify({"error": "not a picture"}), 415
    with open(os.path.join(PICTURES, name), "wb") as file:
        file.write(content)
    return jsonify({"url": "/pictures/" + name}), 201


@app.get("/pictures/<path:name>")
def picture(name):
    return send_from_directory(PICTURES, name)
