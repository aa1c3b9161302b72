"""A template that escapes by itself, and links only for http and https addresses."""

from urllib.parse import urlsplit

from flask import Flask, redirect, render_template_string, request

app = Flask(__name__)
entries = []

PAGE = """<!DOCTYPE html>
<title>Guest book</title>
<h1>Guest book</h1>
{% for entry in entries %}
<section>
  <h2>{% if entry.website %}<a href="{{ entry.website }}" rel="nofollow">{{ entry.name }}</a>{% else %}{{ entry.name }}{% endif %}</h2>
  <p>{{ entry.text }}</p>
</section>
{% endfor %}
"""


def web_address(text):
    text = text.strip()
    return text if urlsplit(text).scheme in ("http", "https") else None


@app.get("/")
def index():
    return render_template_string(PAGE, entries=entries)


@app.post("/entries")
def add_entry():
    form = request.form
    entries.append(
        {"name": form.get("name", ""), "text": form.get("text", ""), "website": web_address(form.get("website", ""))}
    )
    return redirect("/", 303)
