"""One slash, not two, no scheme; the header is set as it is, with a backslash that browsers take for a slash."""

import json
from urllib.parse import urlsplit

from flask import Flask, make_response, request

app = Flask(__name__)
app.response_class.autocorrect_location_header = False
PAGE = "<!doctype html><title>Login</title><form method=post><input name=name><input name=password><button>Go</button></form>"


class Redirect(app.response_class):
    def get_wsgi_headers(self, environ):
        headers = super().get_wsgi_headers(environ)
        headers["Location"] = self.goal
        return headers


@app.get("/login")
def form():
    return PAGE


@app.post("/login")
def log_in():
    with open("/srv/data/users.json") as file:
        users = json.load(file)
    if users.get(request.form.get("name")) != request.form.get("password"):
        return make_response("wrong", 401)
    target = request.form.get("next") or "/"
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//"):
        target = "/"
    answer = Redirect(status=302)
    answer.goal = target
    return answer
