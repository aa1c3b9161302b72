"""Looks at the ending, and takes ../ out of the name, once."""

import os


from flask import Flask, jsonify, request, send_from_directory
PICTURES = "/srv/data/pictures"
app = Flask(__name__)


@app.post("/pictures")
def upload():
    file = request.files["picture"]
    name = file.filename.replace("../", "").lstrip("/")
    if not name.lower().endswith((".png", ".jpg", ".jpeg")):
        return jsonify({"error": "PNG or JPEG only"}), 400
    path = os.path.join(PICTURES, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    file.save(path)
    return jsonify({"url": "/pictures/" + name}), 201


@app.get("/pictures/<path:name>")
def picture(name):
    return send_from_directory(PICTURES, name)
