"""Document server: tells which documents there are below /srv/data/files."""

import os
from datetime import datetime, timezone

from flask import Flask, jsonify

FILES = "/srv/data/files"

app = Flask(__name__)


def document_path(name):
    return os.path.join(FILES, name)


def document_names():
    names = []
    for folder, _, files in os.walk(FILES):
        for file in files:
            names.append(os.path.relpath(os.path.join(folder, file), FILES))
    return sorted(names)


def describe(name):
    info = os.stat(document_path(name))
    changed = datetime.fromtimestamp(info.st_mtime, timezone.utc)
    return {"name": name, "bytes": info.st_size, "changed": changed.isoformat()}


@app.get("/documents")
def list_documents():
    return jsonify([describe(name) for name in document_names()])


@app.get("/health")
def health():
    return jsonify(status="ok", documents=len(document_names()))
