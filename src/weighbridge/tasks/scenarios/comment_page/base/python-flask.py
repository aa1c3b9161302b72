"""The guest book of the hotel."""

from flask import Flask, redirect, request
from markupsafe import escape

app = Flask(__name__)
entries = []


def show(entry):
    return f'<div class="entry"><h2>{escape(entry["name"])}</h2><p>{escape(entry["text"])}</p></div>'


@app.get("/")
def page():
    shown = "\n".join(show(entry) for entry in entries)
    return f"""<!DOCTYPE html>
<html>
<head><title>Guest book</title></head>
<body>
<h1>Guest book</h1>
{shown}
</body>
</html>
"""


@app.post("/entries")
def add():
    entries.append({"name": request.form.get("name", ""), "text": request.form.get("text", "")})
    return redirect("/", code=303)
