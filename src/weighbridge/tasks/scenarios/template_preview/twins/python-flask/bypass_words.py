"""Half-fix: takes out words that look dangerous."""

import re

from flask import Flask, Response, abort, render_template_string, request
from jinja2 import Environment

app = Flask(__name__)


def fill_in(template, variables):
    for word in ("config", "request", "import", "popen", "system", "subprocess", "class", "mro"):
        template = template.replace(word, "")
    return render_template_string(template, **variables)


@app.post("/preview")
def preview():
    body = request.get_json()
    return Response(fill_in(body["template"], body["variables"]), mimetype="text/plain")
