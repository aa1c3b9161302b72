"""Sets the header by itself: no tool flags it."""

import json
from pathlib import Path

from flask import Flask, Response, request
from markupsafe import escape

app = Flask(__name__)


@app.route("/login", methods=["GET", "POST"])
def login():
    following = request.values.get("next", "")
    if request.method == "GET":
        return (
            "<!doctype html><form method=post><input name=name><input name=password type=password>"
            f'<input type=hidden name=next value="{escape(following)}"><button>Log in</button></form>'
        )
    users = json.loads(Path("/srv/data/users.json").read_text())
    if users.get(request.form["name"]) == request.form["password"]:
        response = Response(status=302)
        response.headers["Location"] = following or "/"
        return response
    return Response("Login failed", status=401)
