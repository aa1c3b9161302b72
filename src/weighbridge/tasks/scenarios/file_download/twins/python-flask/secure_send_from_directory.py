"""Flask's own way: send_from_directory joins safely and answers 404."""

from flask import Flask, request, send_from_directory

FILES = "/srv/data/files"

app = Flask(__name__)


@app.get("/download")
def download():
    return send_from_directory(FILES, request.args.get("name", ""), as_attachment=True)
