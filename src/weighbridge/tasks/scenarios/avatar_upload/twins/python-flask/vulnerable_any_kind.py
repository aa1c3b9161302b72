"""secure_filename, but any kind of file: no tool sees it."""

import os


from flask import Flask, jsonify, request, send_from_directory
from werkzeug.utils import secure_filename
PICTURES = "/srv/data/pictures"
app = Flask(__name__)


@app.post("/pictures")
def upload():
    file = request.files["picture"]
    name = secure_filename(file.filename)
    file.save(os.path.join(PICTURES, name))
    return jsonify({"url": "/pictures/" + name}), 201


@app.get("/pictures/<path:name>")
def picture(name):
    return send_from_directory(PICTURES, name)
