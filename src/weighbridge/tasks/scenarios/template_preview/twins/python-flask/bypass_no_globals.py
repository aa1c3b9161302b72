"""Half-fix: an engine without any globals; objects are enough."""

import re

from flask import Flask, Response, abort, render_template_string, request
from jinja2 import Environment

app = Flask(__name__)


def fill_in(template, variables):
    engine = Environment()
    engine.globals.clear()
    return engine.from_string(template).render(**variables)


@app.post("/preview")
def preview():
    body = request.get_json()
    return Response(fill_in(body["template"], body["variables"]), mimetype="text/plain")
