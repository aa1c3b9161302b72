"""Half-fix: looks only into double braces, not into statements."""

import re

from flask import Flask, Response, abort, render_template_string, request
from jinja2 import Environment

app = Flask(__name__)


def fill_in(template, variables):
    for inside in re.findall(r"\{\{(.*?)\}\}", template, flags=re.DOTALL):
        if not re.fullmatch(r"\s*\w+\s*", inside):
            abort(400, "only names are allowed in a placeholder")
    return render_template_string(template, **variables)


@app.post("/preview")
def preview():
    body = request.get_json()
    return Response(fill_in(body["template"], body["variables"]), mimetype="text/plain")
