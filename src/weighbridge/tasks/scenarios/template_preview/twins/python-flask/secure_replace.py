"""Odd: plain replacement, one variable after the other, then whatever is left between braces is cut out by hand."""

from flask import Flask, make_response, request

app = Flask(__name__)


@app.post("/preview")
def preview():
    body = request.json
    text = body["template"]
    for name, value in body["variables"].items():
        for placeholder in ("{{ " + name + " }}", "{{" + name + "}}"):
            text = text.replace(placeholder, str(value))
    while "{{" in text and "}}" in text.partition("{{")[2]:
        before, _, rest = text.partition("{{")
        text = before + rest.partition("}}")[2]
    response = make_response(text)
    response.content_type = "text/plain"
    return response
