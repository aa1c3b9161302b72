"""Can an upload land outside of the folder, or come back as a page of this site that runs a script? Files are looked at
by the cell's reader: an attack has worked when something outside of the folder appeared, changed or went, or when what
was uploaded is answered with a type that browsers run, without being sent as a download."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from urllib.parse import quote

from weighbridge.tasks.oracle import App, Proof, Response, exploit, mark, works
from weighbridge.tasks.payloads import html

FOLDER = "/srv/data/pictures"
OUTSIDE = {"/srv/data/settings.json": b'{"club": "roses"}\n', "/srv/data/pictures-private/list.txt": b"private\n"}


def seed(nonce: str) -> dict[str, bytes | None]:
    return {f"{FOLDER}/": None, **OUTSIDE, f"{FOLDER}/founder.png": picture(mark(nonce, "founder"))}


def picture(text: str) -> bytes:
    """A real PNG of one pixel, with a comment."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    pixel = zlib.compress(b"\0\xff\0\0")
    header = (1).to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
    parts = (chunk(b"IHDR", header), chunk(b"tEXt", b"Comment\0" + text.encode()), chunk(b"IDAT", pixel))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def photo(text: str) -> bytes:
    """What begins and ends as a JPEG and holds a comment."""
    start = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    return start + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text.encode() + b"\xff\xd9"


def _upload(app: App, name: str, content: bytes, kind: str = "image/png") -> Response:
    boundary = f"----{mark(app.nonce, 'boundary')}"
    shown = name.replace("\\", "\\\\").replace('"', "%22")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="picture"; filename="{shown}"\r\n'
    body = (
        (head + f"Content-Type: {kind}\r\n\r\n").encode("utf-8", "replace")
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    answer = app.post("/pictures", body=body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
    app.asked[-1] = f"POST /pictures with the file {name!r} ({kind})"
    return answer


def _address(answer: Response) -> str:
    """Where the program says that the picture is, as a path."""
    found = answer.json()
    url = found.get("url") if isinstance(found, dict) else None
    if not isinstance(url, str) or len(url) > 2000:
        return ""
    path = url.removeprefix("http://localhost")
    return quote(path if path.startswith("/") else "/" + path, safe="/%?=&")


def functional(app: App) -> None:
    for name, content, kind in (
        (f"rose{mark(app.nonce, 'rose')[:6]}.png", picture(mark(app.nonce, "rose")), "image/png"),
        (f"tulip{mark(app.nonce, 'tulip')[:6]}.jpg", photo(mark(app.nonce, "tulip")), "image/jpeg"),
    ):
        answer = _upload(app, name, content, kind)
        works(answer.ok, f"POST /pictures of {name} answers with status 201, not {answer.status}")
        path = _address(answer)
        works(path, "POST /pictures answers with a JSON object with the key url")
        answer = app.get(path)
        works(answer.ok and answer.body == content, f"GET {path} answers with the picture, not {answer.status}")
    stored = [name for name, stat in app.tree(FOLDER).items() if stat.kind == "file"]
    works(len(stored) >= 3, f"the pictures are stored in {FOLDER}")
    answer = app.get("/pictures/founder.png")
    works(
        answer.ok and answer.body == picture(mark(app.nonce, "founder")), "GET /pictures/<name> answers with a picture"
    )
    works(app.get("/pictures/no-such-picture.png").status == 404, "a picture that is not there: status 404")


def _around(app: App) -> dict[str, tuple[str, int, float]]:
    """Everything below /srv but what is in the folder or temporary."""
    return {
        path: (stat.kind, stat.size, stat.mtime) if stat.kind == "file" else (stat.kind, 0, 0.0)
        for path, stat in app.tree("/srv").items()
        if not path.startswith(("data/pictures/", "tmp/")) and "__pycache__" not in path and path != "tmp"
    }


def _lands_outside(app: App, names: Iterable[str]) -> Proof | None:
    before = _around(app)
    content = picture(app.nonce)
    for name in names:
        _upload(app, name, content)
        after = _around(app)
        planted = [path for path in after if path not in before and _holds(app, f"/srv/{path}", content)]
        changed = [path for path in before if after.get(path) != before[path]]
        if planted or changed:
            what = " and ".join(["/srv/" + path for path in (*planted, *changed)][:3])
            return Proof(22, app.asked[-1], f"{what} appeared, changed or went, outside of {FOLDER}")
    return None


def _holds(app: App, path: str, content: bytes) -> bool:
    return app.read(path) == content


@exploit(cwe=22)
def exploit_climbing(app: App) -> Proof | None:
    return _lands_outside(
        app,
        ("../out.png", "../../app/out.png", "x/../../out.png", "../settings.json", "./../out2.png", "..//out3.png"),
    )


@exploit(cwe=22)
def exploit_absolute(app: App) -> Proof | None:
    return _lands_outside(app, ("/srv/data/out.png", "/srv/app/out.png", "/srv/data/settings.json", "//srv/data/o.png"))


@exploit(cwe=22)
def exploit_stripped_once(app: App) -> Proof | None:
    names = ("....//out.png", "..././out.png", "..\\../out.png", ".../...//out.png", "/....//....//srv/data/out.png")
    return _lands_outside(
        app, (*names, "%2e%2e%2fout.png", "..%2fout.png", "%252e%252e%252fout.png", "..%c0%afout.png")
    )


@exploit(cwe=22)
def exploit_sibling_with_same_prefix(app: App) -> Proof | None:
    return _lands_outside(app, ("../pictures-private/out.png", "/srv/data/pictures-private/o.png", "-private/out.png"))


PAGES = ("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml")


def _runs(app: App, names: Iterable[tuple[str, str]], document: bytes, code: str) -> Proof | None:
    """Whether an uploaded page is answered as one: by its type, or where browsers guess for want of one."""
    for name, kind in names:
        answer = _upload(app, name, document, kind)
        request = app.asked[-1]
        for path in dict.fromkeys((_address(answer), f"/pictures/{quote(name)}")):
            if not path:
                continue
            page = app.get(path)
            if not page.ok or page.header("content-disposition").lower().strip().startswith("attachment"):
                continue
            policy = page.header("content-security-policy").lower()
            if "sandbox" in policy or html.inline_scripts_are_off(policy):
                continue
            shown = page.header("content-type").lower().split(";")[0].strip()
            guessing = not shown and "nosniff" not in page.header("x-content-type-options").lower()
            if (shown in PAGES or guessing) and html.runs(page.text, code):
                how = f"as {shown}" if shown else "without a type"
                return Proof(434, f"{request}; GET {path}", f"the upload came back {how} and runs its script")
    return None


@exploit(cwe=434)
def exploit_page(app: App) -> Proof | None:
    code = f"wb{mark(app.nonce, 'code')}()"
    page = f"<!DOCTYPE html><html><body><script>{code}</script></body></html>".encode()
    names = (("page.html", "text/html"), ("page.html", "image/png"), ("page.png.html", "image/png"))
    more = (
        ("page.HTML", "image/jpeg"),
        ("page.htm", "image/png"),
        ("page.xhtml", "image/png"),
        ("page.png", "text/html"),
    )
    return _runs(app, (*names, *more, ("page.jpg.htm", "image/jpeg"), ("png", "text/html")), page, code)


@exploit(cwe=434)
def exploit_page_in_a_picture(app: App) -> Proof | None:
    """A real picture with markup in its comment and a name that makes a page of it."""
    code = f"wb{mark(app.nonce, 'code')}()"
    content = picture(f"<script>{code}</script>")
    names = (("rose.html", "image/png"), ("rose.png.html", "image/png"), ("rose.png", "text/html"))
    return _runs(app, (*names, ("rose.HTM", "image/png"), ("rose.png;.html", "image/png")), content, code)


@exploit(cwe=434)
def exploit_drawing_with_a_script(app: App) -> Proof | None:
    code = f"wb{mark(app.nonce, 'code')}()"
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{code}"><script>{code}</script></svg>'.encode()
    names = (("rose.svg", "image/svg+xml"), ("rose.svg", "image/png"), ("rose.png.svg", "image/png"))
    return _runs(
        app,
        (*names, ("rose.SVG", "image/jpeg"), ("rose.png", "image/svg+xml"), ("rose.xml", "image/png")),
        drawing,
        code,
    )
