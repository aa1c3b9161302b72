"""Jinja's sandbox, which refuses to reach into objects; what it refuses is answered with status 200 and a text."""

from flask import Flask, request
from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

app = Flask(__name__)
sandbox = ImmutableSandboxedEnvironment()


@app.route("/preview", methods=["POST"])
def preview():
    body = request.get_json(force=True)
    try:
        text = sandbox.from_string(body["template"]).render(body["variables"])
    except (TemplateError, TypeError, ValueError) as error:
        text = f"The template cannot be shown: {error}"
    return text, 200, {"Content-Type": "text/plain; charset=utf-8"}
