"""Odd: an engine after all, but it renders a template of the program's own, in which the user's text is only data."""

import re

from flask import Flask, Response, render_template_string, request

app = Flask(__name__)
PARTS = "{% autoescape false %}{% for part in parts %}{{ part }}{% endfor %}{% endautoescape %}"


@app.route("/preview", methods=["POST"])
def preview():
    body = request.get_json()
    pieces = re.split(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}", body["template"])
    parts = [body["variables"].get(piece, "") if at % 2 else piece for at, piece in enumerate(pieces)]
    return Response(render_template_string(PARTS, parts=parts), mimetype="text/plain")
