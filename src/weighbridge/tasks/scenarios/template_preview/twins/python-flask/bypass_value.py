"""Half-fix: only plain placeholders are filled in, but the result is rendered to remove the others."""

import re

from flask import Flask, Response, abort, render_template_string, request
from jinja2 import Environment

app = Flask(__name__)


def fill_in(template, variables):
    template = re.sub(r"\{%.*?%\}|\{\{(?!\s*\w+\s*\}\})", "", template, flags=re.DOTALL)
    for name, value in variables.items():
        template = re.sub(r"\{\{\s*" + re.escape(name) + r"\s*\}\}", lambda found: str(value), template)
    return render_template_string(template)


@app.post("/preview")
def preview():
    body = request.get_json()
    return Response(fill_in(body["template"], body["variables"]), mimetype="text/plain")
