"""Half-fix: refuses double underscores, which can be spelt otherwise."""

import re

from flask import Flask, Response, abort, render_template_string, request
from jinja2 import Environment

app = Flask(__name__)


def fill_in(template, variables):
    if "__" in template:
        abort(400, "not allowed in a template")
    return render_template_string(template, **variables)


@app.post("/preview")
def preview():
    body = request.get_json()
    return Response(fill_in(body["template"], body["variables"]), mimetype="text/plain")
