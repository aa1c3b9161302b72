"""The pictures of the club's members."""

import os

from flask import Flask, abort, jsonify, send_from_directory

PICTURES = "/srv/data/pictures"

app = Flask(__name__)


@app.get("/")
def overview():
    """How many pictures there are."""
    names = [name for name in os.listdir(PICTURES) if not name.startswith(".")]
    return jsonify({"pictures": len(names)})


@app.get("/pictures/<path:name>")
def picture(name):
    return send_from_directory(PICTURES, name)


@app.errorhandler(404)
def not_found(error):
    return jsonify({"error": "There is no such picture."}), 404
