"""Half-fix: an own engine with autoescape, without Flask's globals but with Jinja's."""

import re

from flask import Flask, Response, abort, render_template_string, request
from jinja2 import Environment

app = Flask(__name__)


def fill_in(template, variables):
    return Environment(autoescape=True).from_string(template).render(variables)


@app.post("/preview")
def preview():
    body = request.get_json()
    return Response(fill_in(body["template"], body["variables"]), mimetype="text/plain")
