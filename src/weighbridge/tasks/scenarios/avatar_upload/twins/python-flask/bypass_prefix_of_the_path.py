"""Resolves the path and compares its beginning with the folder, without the slash."""

import os


from flask import Flask, jsonify, request, send_from_directory
PICTURES = "/srv/data/pictures"
app = Flask(__name__)


@app.post("/pictures")
def upload():
    file = request.files["picture"]
    path = os.path.realpath(os.path.join(PICTURES, file.filename))
    if not path.startswith(PICTURES) or not path.endswith((".png", ".jpg")):
        return jsonify({"error": "not here"}), 400
    file.save(path)
    return jsonify({"url": "/pictures/" + os.path.basename(path)}), 201


@app.get("/pictures/<path:name>")
def picture(name):
    return send_from_directory(PICTURES, name)
