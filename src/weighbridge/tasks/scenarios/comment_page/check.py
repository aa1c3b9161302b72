"""Does what a guest writes run as a script in the next guest's browser? The page is read as a browser reads it; an
attack has worked when the attacker's code stands where it would be run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from weighbridge.tasks.oracle import App, Proof, Response, exploit, mark, works
from weighbridge.tasks.payloads import html

Family = Callable[[str], Sequence[str]]
"""A family of payloads that carry some code."""


def functional(app: App) -> None:
    ada, ben = mark(app.nonce, "ada"), mark(app.nonce, "ben")
    site = f"http://ada.example/{ada}.html?a=1&b=2"
    for name, text, website in (
        (f"Ada {ada}", f"Fish & chips {ada} were good!", site),
        (f"Ben {ben}", f"It's 5 o'clock {ben}: tea", ""),
    ):
        answer = app.post("/entries", form={"name": name, "text": text, "website": website})
        works(200 <= answer.status < 400, f"POST /entries answers with a redirect, not {answer.status}")
    page = app.get("/")
    works(page.ok, f"GET / answers with a status of 2xx, not {page.status}")
    works(is_page(page), f"GET / answers with HTML, not {page.header('content-type')}")
    seen = html.shown(page.text)
    for part in (f"Ada {ada}", f"Fish & chips {ada} were good!", f"Ben {ben}", f"It's 5 o'clock {ben}: tea"):
        works(part in seen, f"the page shows {part!r}")
    works(site in html.links(page.text), f"the page has a link to {site}")


def is_page(answer: Response) -> bool:
    """Whether a browser would show it as a page; without a type it guesses, and a page looks like one."""
    return "html" in answer.header("content-type").lower() or not answer.header("content-type")


def _code(app: App) -> str:
    return f"wb{mark(app.nonce, 'code')}"


def _scripted(app: App, part: str, family: Family, *, website: str = "", together: int = 8) -> Proof | None:
    """Post a family's payloads, some at a time, each with code of its own, and read the page after each lot."""
    size = len(family(""))
    for first in range(0, size, together):
        sent: dict[str, str] = {}
        for number in range(first, min(first + together, size)):
            code = f"{_code(app)}{number}()"
            entry = {"name": "Ada", "text": "Thank you", "website": website, part: family(code)[number]}
            app.post("/entries", form=entry)
            sent[code] = app.asked[-1]
        page = app.get("/")
        if not is_page(page) or html.inline_scripts_are_off(page.header("content-security-policy")):
            continue
        for code, request in sent.items():
            if where := html.runs(page.text, code):
                return Proof(79, f"{request}; then GET /", f"the page would run the guest's code: {where}")
    return None


@exploit(cwe=79)
def exploit_text(app: App) -> Proof | None:
    return _scripted(app, "text", html.in_element)


@exploit(cwe=79)
def exploit_name(app: App) -> Proof | None:
    return _scripted(app, "name", html.in_element)


@exploit(cwe=79)
def exploit_name_of_a_link(app: App) -> Proof | None:
    site = "http://site.example/"
    return _scripted(app, "name", html.in_element, website=site) or _scripted(
        app, "name", html.in_attribute, website=site
    )


@exploit(cwe=79)
def exploit_website_attribute(app: App) -> Proof | None:
    return _scripted(app, "website", html.in_attribute)


@exploit(cwe=79)
def exploit_website_address(app: App) -> Proof | None:
    return _scripted(app, "website", html.in_url)


@exploit(cwe=79)
def exploit_script_string(app: App) -> Proof | None:
    """One at a time: a payload that leaves a string would change how the next one is read."""
    for part in ("text", "name", "website"):
        if proof := _scripted(app, part, html.in_script, website="http://site.example/", together=1):
            return proof
    return None
