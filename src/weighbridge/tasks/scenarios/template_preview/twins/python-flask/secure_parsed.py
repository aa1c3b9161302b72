"""Odd: lets Jinja only read the template, and refuses every one that has more in it than text and names."""

from flask import Flask, abort, request
from jinja2 import Environment, TemplateSyntaxError, nodes

app = Flask(__name__)
engine = Environment()


@app.post("/preview")
def preview():
    body = request.get_json()
    try:
        tree = engine.parse(body["template"])
    except TemplateSyntaxError:
        abort(400)
    out = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            abort(400, "only placeholders are allowed")
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                out.append(node.data)
            elif isinstance(node, nodes.Name):
                out.append(str(body["variables"].get(node.name, "")))
            else:
                abort(400, "only placeholders are allowed")
    return "".join(out), {"Content-Type": "text/plain"}
