"""Message templates: stores the texts that a shop sends to its customers."""

from flask import Flask, jsonify, render_template_string, request

app = Flask(__name__)

TEMPLATES = {
    "shipped": "Hello {{ name }}, your order {{ order }} is on its way.",
    "welcome": "Welcome, {{ name }}!",
}

OVERVIEW = """<!doctype html>
<title>Templates</title>
<h1>{{ templates|length }} templates</h1>
<ul>
{% for name in templates|sort %}
  <li><a href="/templates/{{ name }}">{{ name }}</a></li>
{% endfor %}
</ul>
"""


@app.get("/")
def overview():
    return render_template_string(OVERVIEW, templates=TEMPLATES)


@app.get("/templates/<name>")
def show(name):
    if name not in TEMPLATES:
        return jsonify(error="no such template"), 404
    return jsonify(name=name, template=TEMPLATES[name])


@app.put("/templates/<name>")
def store(name):
    TEMPLATES[name] = request.get_json()["template"]
    return jsonify(name=name)
