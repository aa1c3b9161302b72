"""A template that escapes everything, and links to whatever address was given: no tool sees it."""

from flask import Flask, redirect, render_template_string, request

app = Flask(__name__)
entries = []

TEMPLATE = """
<!doctype html>
<html>
  <head><title>Guest book</title></head>
  <body>
    <h1>Guest book</h1>
    {% for e in entries %}
      <div>
        <strong>{% if e.website %}<a href="{{ e.website }}">{{ e.name }}</a>{% else %}{{ e.name }}{% endif %}</strong>
        <p>{{ e.text }}</p>
      </div>
    {% endfor %}
  </body>
</html>
"""


@app.get("/")
def index():
    return render_template_string(TEMPLATE, entries=entries)


@app.post("/entries")
def add():
    entries.append({key: request.form.get(key, "").strip() for key in ("name", "text", "website")})
    return redirect("/", code=303)
