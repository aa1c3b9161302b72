"""Renders the user's text as a template."""

from flask import Flask, Response, render_template_string, request

app = Flask(__name__)


@app.route("/preview", methods=["POST"])
def preview():
    data = request.get_json()
    rendered = render_template_string(data["template"], **data["variables"])
    return Response(rendered, mimetype="text/plain")
