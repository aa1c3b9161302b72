"""Takes http and https addresses apart and puts the slashes right, once."""

import json
import re

from flask import Flask, redirect, render_template_string, request

app = Flask(__name__)

FORM = """<!doctype html>
<title>Login</title>
<form method="post">
  <input name="name"> <input name="password" type="password">
  <input type="hidden" name="next" value="{{ following }}">
  <button>Log in</button>
</form>
"""


def users():
    with open("/srv/data/users.json", encoding="utf-8") as file:
        return json.load(file)


def goal(target):
    target = re.sub(r"^https?://[^/]*", "", target)
    return target.replace("//", "/", 1) if target.startswith("//") else target or "/"


@app.get("/login")
def form():
    return render_template_string(FORM, following=request.args.get("next", ""))


@app.post("/login")
def log_in():
    name, password = request.form.get("name", ""), request.form.get("password", "")
    if name not in users() or users()[name] != password:
        return "Wrong name or password", 401
    return redirect(goal(request.form.get("next") or request.args.get("next") or "/"))
