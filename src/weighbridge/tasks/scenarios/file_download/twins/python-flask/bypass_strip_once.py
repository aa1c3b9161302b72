"""Half-fix: takes '../' out once and does not look again."""

from flask import Flask, Response, request

app = Flask(__name__)


@app.get("/download")
def download():
    name = request.args.get("name", "").replace("../", "").replace("..\\", "").lstrip("/")
    try:
        with open("/srv/data/files/" + name, "rb") as document:
            return Response(document.read(), mimetype="application/octet-stream")
    except (OSError, ValueError):
        return Response("not found", status=404)
