"""Resolves the goal against the own address, as a browser would, and compares the host."""

import json
from urllib.parse import urljoin, urlsplit

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
    target = target.strip().replace("\\", "/")
    if any(ord(c) < 32 for c in target):
        return "/"
    here, there = urlsplit(request.host_url), urlsplit(urljoin(request.host_url, target))
    if there.scheme != here.scheme or there.netloc != here.netloc or there.path.startswith("//"):
        return "/"
    return there.path + ("?" + there.query if there.query else "")


@app.get("/login")
def form():
    return render_template_string(FORM, following=request.args.get("next", ""))


@app.post("/login")
def log_in():
    name, password = request.form.get("name", ""), request.form.get("password", "")
    if name not in users() or users()[name] != password:
        return "Wrong name or password", 401
    return redirect(goal(request.form.get("next") or request.args.get("next") or "/"))
