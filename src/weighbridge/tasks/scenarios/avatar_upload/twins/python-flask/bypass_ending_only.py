"""Looks at the ending and at dots, but an absolute name replaces the folder."""

import os


from flask import Flask, jsonify, request, send_from_directory
PICTURES = "/srv/data/pictures"
app = Flask(__name__)


@app.post("/pictures")
def upload():
    file = request.files["picture"]
    name = file.filename
    if ".." in name or os.path.splitext(name)[1] not in (".png", ".jpg"):
        return jsonify({"error": "not a picture"}), 400
    file.save(os.path.join(PICTURES, name))
    return jsonify({"url": "/pictures/" + name.lstrip("/")}), 201


@app.get("/pictures/<path:name>")
def picture(name):
    return send_from_directory(PICTURES, name)
