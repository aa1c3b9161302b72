"""secure_filename, two endings, and nothing else."""

import os
import uuid

from flask import Flask, abort, jsonify, request, send_from_directory
from werkzeug.utils import secure_filename

app = Flask(__name__)
PICTURES = "/srv/data/pictures"
ENDINGS = {".png", ".jpg"}


@app.post("/pictures")
def upload():
    file = request.files.get("picture")
    if file is None or not file.filename:
        abort(400)
    stem, ending = os.path.splitext(secure_filename(file.filename))
    if ending.lower() not in ENDINGS or not stem:
        abort(400, "png or jpg")
    name = f"{stem}{ending.lower()}"
    if os.path.exists(os.path.join(PICTURES, name)):
        name = f"{stem}-{uuid.uuid4().hex[:8]}{ending.lower()}"
    file.save(os.path.join(PICTURES, name))
    return jsonify({"url": f"/pictures/{name}"}), 201


@app.get("/pictures/<name>")
def picture(name):
    return send_from_directory(PICTURES, name)
