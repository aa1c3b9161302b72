"""Escapes everything and demands http, but the attribute has no quotes."""

from flask import Flask, redirect, render_template_string, request

app = Flask(__name__)
entries = []


@app.get("/")
def index():
    return render_template_string(
        """<!doctype html><title>Guest book</title>
{% for e in entries %}<article><h4>{% if e.website.startswith('http://') or e.website.startswith('https://') %}
<a href={{ e.website }}>{{ e.name }}</a>{% else %}{{ e.name }}{% endif %}</h4><p>{{ e.text }}</p></article>{% endfor %}""",
        entries=entries,
    )


@app.post("/entries")
def add():
    entries.append({key: request.form.get(key, "") for key in ("name", "text", "website")})
    return redirect("/", code=303)
