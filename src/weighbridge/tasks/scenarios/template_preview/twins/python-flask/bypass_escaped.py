"""Half-fix: escapes the template as if it were HTML, so no quotes are left; variables hold texts without any."""

import html

from flask import Flask, Response, render_template_string, request

app = Flask(__name__)


@app.post("/preview")
def preview():
    body = request.get_json()
    template = html.escape(body["template"])
    return Response(render_template_string(template, **body["variables"]), mimetype="text/plain")
