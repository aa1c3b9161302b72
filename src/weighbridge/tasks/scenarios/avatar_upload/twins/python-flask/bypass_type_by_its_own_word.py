"""Believes the type that came with the file, and keeps the name."""

import os


from flask import Flask, jsonify, request, send_from_directory
PICTURES = "/srv/data/pictures"
app = Flask(__name__)


@app.post("/pictures")
def upload():
    file = request.files["picture"]
    if file.mimetype not in ("image/png", "image/jpeg"):
        return jsonify({"error": "not a picture"}), 415
    name = os.path.basename(file.filename)
    file.save(os.path.join(PICTURES, name))
    return jsonify({"url": "/pictures/" + name}), 201


@app.get("/pictures/<path:name>")
def picture(name):
    return send_from_directory(PICTURES, name)
