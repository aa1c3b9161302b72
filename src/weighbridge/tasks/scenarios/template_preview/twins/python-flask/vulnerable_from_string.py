"""Takes the application's own engine, one step further away from what a linter knows."""

from flask import Flask, request

app = Flask(__name__)
app.jinja_env.keep_trailing_newline = True


def fill_in(text, values):
    return app.jinja_env.from_string(text).render(values)


@app.post("/preview")
def preview():
    body = request.get_json(silent=True) or {}
    text = fill_in(body.get("template", ""), body.get("variables", {}))
    return app.response_class(text, content_type="text/plain; charset=utf-8")
