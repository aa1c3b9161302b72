"""Programs that serve: what is sent is what arrives, byte for byte, and what is answered is what comes back."""

# ruff: noqa: E501

import pytest
from cell_programs import ordinary

from weighbridge.cell import ProgramDied, ProgramRaised

FLASK = """
    from flask import Flask, request
    import urllib.request
    app = Flask(__name__)
    @app.get("/hello")
    def hello(): return "hello " + request.args.get("name", "")
    @app.post("/echo")
    def echo(): return request.get_data()
    @app.get("/files/<path:name>")
    def files(name): return name
    @app.get("/fetch")
    def fetch(): return urllib.request.urlopen(request.args["url"], timeout=2).read()
    @app.get("/fail")
    def fail(): raise ValueError
    app.run(port=5000)
"""
HANDLER = """
    from http.server import BaseHTTPRequestHandler, HTTPServer
    class Server(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_GET(self):
            body = repr((self.path, sorted(self.headers.items()))).encode()
            self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
        def do_HEAD(self):
            self.send_response(200); self.send_header("Content-Length", "99"); self.end_headers()
        def do_PUT(self):
            self.send_response(200); self.send_header("Transfer-Encoding", "chunked"); self.end_headers()
            for part in (b"5\\r\\nhello\\r\\n", b"0\\r\\n\\r\\n"): self.wfile.write(part)
        def do_POST(self):
            self.send_response_only(100); self.end_headers(); self.send_response(204); self.end_headers()
        def do_DELETE(self):
            self.wfile.write(b"no http at all"); self.close_connection = True
    if __name__ == "__main__": HTTPServer(("", 80), Server).serve_forever()
"""
WSGI = """
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["PATH_INFO"].encode(), b" ", environ["QUERY_STRING"].encode()]
"""


def get(target: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: localhost:8000", *headers, "", ""]).encode()


@pytest.fixture(scope="module")
def flask():
    hosts = {"intranet.example": "127.0.0.7", "metadata.example": "169.254.169.254"}
    with ordinary(FLASK, "http", hosts=hosts) as cell, cell.run() as run:
        yield run


def test_flask_answers_and_an_unguarded_run_is_no_obstacle(flask):
    assert flask.http(get("/hello?name=you")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert flask.http(get("/hello?name=you")).endswith(b"\r\n\r\nhello you")
    assert flask.http(get("/fail")).startswith(b"HTTP/1.1 500 ")


def test_bodies_go_through_byte_for_byte(flask):
    body = bytes(range(256)) * 5000
    request = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert flask.http(request).partition(b"\r\n\r\n")[2] == body


@pytest.mark.parametrize(
    "target", ["/files/..%2f..%2fetc", "/files/a//b", "/files/%2e%2e/x", "/files/..\\x", "/files/%00"]
)
def test_targets_are_not_normalised_on_the_way(flask, target):
    answer = flask.http(get(target))
    assert answer.startswith(b"HTTP/1.1 200"), answer


def test_listeners_note_who_came_on_any_port_and_address(flask):
    flask.listen("127.0.0.7", 80)
    flask.listen("169.254.169.254", 80, b"HTTP/1.0 200 OK\r\n\r\nkeys")
    assert flask.received() == []
    assert flask.http(get("/fetch?url=http://intranet.example/a")).endswith(b"ok")
    assert flask.http(get("/fetch?url=http://metadata.example/b")).endswith(b"keys")
    came = flask.received()
    assert [(r.address, r.port, r.raw.split(b" ")[1]) for r in came] == [
        ("127.0.0.7", 80, b"/a"),
        ("169.254.169.254", 80, b"/b"),
    ]
    with pytest.raises(ValueError, match="addresses="):
        flask.listen("10.0.0.1", 80)


def test_a_handler_class_is_found_and_each_way_to_end_an_answer_is_known():
    with ordinary(HANDLER, "http") as cell, cell.run() as run:
        assert b"('/a/../b//c?d#e', [('Host', 'localhost:8000'), ('X', '1')])" in run.http(
            get("/a/../b//c?d#e", "X: 1")
        )
        assert run.http(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"Content-Length: 99\r\n\r\n")
        assert run.http(b"PUT / HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"5\r\nhello\r\n0\r\n\r\n")
        answer = run.http(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 100 ") and b"HTTP/1.1 204 " in answer
        assert run.http(b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n") == b"no http at all"
        assert run.http(get("/"), until_close=False).startswith(b"HTTP/1.1 200 OK")


def test_a_plain_wsgi_callable_is_served():
    with ordinary(WSGI, "http") as cell, cell.run() as run:
        assert run.http(get("/x%2fy?z")).endswith(b"4\r\n/x/y\r\n1\r\n \r\n1\r\nz\r\n0\r\n\r\n")


def test_a_module_that_serves_nothing_raises():
    with ordinary("x = 1", "http") as cell, pytest.raises(ProgramRaised, match="neither"), cell.run():
        raise AssertionError


def test_a_server_that_ends_in_the_middle_died():
    source = "import os\ndef app(environ, start): os._exit(9)\n"
    with ordinary(source, "http") as cell, cell.run() as run:
        with pytest.raises(ProgramDied):
            run.http(get("/"))
        assert run.alive is False
        assert run.ended_by == "exit 9"
        with pytest.raises(ProgramDied, match="exit 9"):
            run.http(get("/"))
