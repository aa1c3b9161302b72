"""Replaces placeholders by one pattern; nothing is a template engine's business."""

import re

from flask import Flask, Response, request

app = Flask(__name__)
PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@app.post("/preview")
def preview():
    body = request.get_json()
    variables = body.get("variables") or {}
    text = PLACEHOLDER.sub(lambda found: str(variables.get(found.group(1), "")), body["template"])
    return Response(text, mimetype="text/plain")
