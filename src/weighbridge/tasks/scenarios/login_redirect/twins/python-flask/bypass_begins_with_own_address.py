"""A whole address must begin with the own one, which a longer host name does too."""

import json

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
    own = request.host_url.rstrip("/")
    if target.startswith("/") and not target.startswith(("//", "/\\")):
        return target
    return target if target.startswith(own) else "/"


@app.get("/login")
def form():
    return render_template_string(FORM, following=request.args.get("next", ""))


@app.post("/login")
def log_in():
    name, password = request.form.get("name", ""), request.form.get("password", "")
    if name not in users() or users()[name] != password:
        return "Wrong name or password", 401
    return redirect(goal(request.form.get("next") or request.args.get("next") or "/"))
