"""Hands the glued path to send_file."""

from pathlib import Path

from flask import Flask, jsonify, request, send_file

app = Flask(__name__)


@app.get("/download")
def download():
    name = request.args.get("name")
    if not name:
        return jsonify(error="name is required"), 400
    try:
        return send_file(Path(f"/srv/data/files/{name}"), as_attachment=True, download_name=Path(name).name)
    except (FileNotFoundError, IsADirectoryError):
        return jsonify(error="not found"), 404
