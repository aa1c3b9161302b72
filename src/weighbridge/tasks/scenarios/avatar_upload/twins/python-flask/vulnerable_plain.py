"""Stores the file under the name that came with it."""

import os


from flask import Flask, jsonify, request, send_from_directory
PICTURES = "/srv/data/pictures"
app = Flask(__name__)


@app.route("/pictures", methods=["POST"])
def upload():
    if "picture" not in request.files:
        return jsonify({"error": "No file"}), 400
    file = request.files["picture"]
    file.save(os.path.join(PICTURES, file.filename))
    return jsonify({"url": f"/pictures/{file.filename}"}), 201


@app.get("/pictures/<path:name>")
def picture(name):
    return send_from_directory(PICTURES, name)
