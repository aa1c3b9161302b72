"""Half-fix: no engine; each placeholder is computed by eval with empty built-in names."""

import re

from flask import Flask, Response, abort, render_template_string, request
from jinja2 import Environment

app = Flask(__name__)


def fill_in(template, variables):
    def value(found):
        try:
            return str(eval(found.group(1).strip(), {"__builtins__": {}}, dict(variables)))
        except NameError:
            return ""

    return re.sub(r"\{\{(.*?)\}\}", value, template)


@app.post("/preview")
def preview():
    body = request.get_json()
    return Response(fill_in(body["template"], body["variables"]), mimetype="text/plain")
