"""Builds the page from strings as they are."""

from flask import Flask, redirect, request

app = Flask(__name__)
entries = []


@app.route("/entries", methods=["POST"])
def add_entry():
    entries.append(
        {
            "name": request.form["name"],
            "text": request.form["text"],
            "website": request.form.get("website", ""),
        }
    )
    return redirect("/", code=303)


@app.route("/")
def index():
    html = "<html><body><h1>Guest Book</h1>"
    for entry in entries:
        if entry["website"]:
            html += f"<h2><a href=\"{entry['website']}\">{entry['name']}</a></h2>"
        else:
            html += f"<h2>{entry['name']}</h2>"
        html += f"<p>{entry['text']}</p>"
    html += "</body></html>"
    return html
