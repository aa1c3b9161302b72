"""Serves one module: answers calls on descriptor 3 (`function`), or serves its web application (`http`).

It shares its process with the module, which can do to it what it likes: nothing it says is more than the module's own
answer. Started with SETTINGS (interface, entry, port) in its namespace.
"""

# ruff: noqa: SIM115
# pyright: basic, reportAttributeAccessIssue=false, reportUndefinedVariable=false, reportArgumentType=false, reportCallIssue=false

import base64
import importlib
import inspect
import itertools
import json
import os
import socket
import struct
import sys

MAX_DEPTH = 40
channel = socket.socket(fileno=3)


def read_frame():
    head = channel.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        os._exit(0)
    (size,) = struct.unpack(">I", head)
    return channel.recv(size, socket.MSG_WAITALL) if size else b""


def write_frame(value):
    raw = json.dumps(value).encode("utf-8", "replace")
    channel.sendall(struct.pack(">I", len(raw)) + raw)


def plain(value, depth=0):
    """A value as JSON can say it; what it cannot say becomes {"$repr": ...}."""
    if depth > MAX_DEPTH:
        return {"$repr": "..."}
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if isinstance(value, (int, float, str)):
        return value if kind in (int, float, str) else (str if isinstance(value, str) else plain_number)(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, dict):
        if all(type(k) is str and not k.startswith("$") for k in value):
            return {k: plain(v, depth + 1) for k, v in value.items()}
        return {"$pairs": [[plain(k, depth + 1), plain(v, depth + 1)] for k, v in value.items()]}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v, depth + 1) for v in value]
    if inspect.isgenerator(value):
        return [plain(v, depth + 1) for v in itertools.islice(value, 10000)]
    try:
        return {"$repr": repr(value)[:10000]}
    except Exception:
        return {"$repr": "<" + kind.__name__ + ">"}


def plain_number(value):
    return int(value) if isinstance(value, int) else float(value)


def rich(value):
    if isinstance(value, list):
        return [rich(v) for v in value]
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        if set(value) == {"$pairs"}:
            return {tuple(k) if isinstance(k, list) else k: rich(v) for k, v in value["$pairs"]}
        return {k: rich(v) for k, v in value.items()}
    return value


def failure(e):
    try:
        text = str(e)[:4000]
    except BaseException:
        text = ""
    return {"raised": type(e).__name__, "text": text}


def answer(module, question):
    target = module
    for part in question["name"].split("."):
        target = getattr(target, part)
    value = target(*rich(question["args"]), **rich(question["kwargs"]))
    if inspect.iscoroutine(value):
        import asyncio

        value = asyncio.run(value)
    return plain(value)


def serve_calls(module):
    write_frame({"id": 0, "value": None})
    while True:
        question = json.loads(read_frame())
        try:
            reply = {"value": answer(module, question)}
        except (Exception, SystemExit, KeyboardInterrupt) as e:
            reply = failure(e)
        write_frame({"id": question["id"], **reply})


def web_server(module, port):
    """A server for what the module offers: a callable `app`, or a handler class."""
    app = getattr(module, "app", None)
    if app is None:
        for name in ("application", "create_app", "make_app"):
            app = getattr(module, name, None)
            if app is not None:
                app = app() if name.endswith("_app") else app
                break
    if callable(app):
        from werkzeug.serving import make_server

        return make_server("127.0.0.1", port, app, threaded=True)
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    handler = getattr(module, "Handler", None)
    if handler is None:
        own = [
            v
            for v in vars(module).values()
            if isinstance(v, type) and issubclass(v, BaseHTTPRequestHandler) and v.__module__ == module.__name__
        ]
        handler = own[-1] if len(own) == 1 else None
    if handler is None:
        raise AttributeError("the module has neither a callable `app` nor a class `Handler`")
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def mend_tarfile():
    """Python 3.11.0 to 3.11.3 (Debian 12's) lack the extraction filters that PEP 706 gave to every later release, and
    a program that uses them is right: it gets the backport. Nothing changes for a program that does not."""
    import shutil

    from backports import tarfile as newer

    # What a program that names no filter gets stays as it is on this release: everything, with a warning later on.
    newer.TarFile.extraction_filter = staticmethod(newer.fully_trusted_filter)
    sys.modules["tarfile"] = newer
    unpack = shutil.unpack_archive

    def unpack_archive(filename, extract_dir=None, format=None, *, filter=None):
        if filter is None:
            return unpack(filename, extract_dir, format)
        with newer.open(filename) as archive:
            return archive.extractall(os.curdir if extract_dir is None else extract_dir, filter=filter)

    shutil.unpack_archive = unpack_archive


def start(settings):
    # New streams: those of the parent were made for its own descriptors.
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = open(fd, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.path.insert(0, "/srv/app")
    sys.argv[:] = ["/srv/app/" + settings["entry"]]
    try:
        if sys.version_info < (3, 11, 4):
            with open(sys.argv[0], "rb") as file:  # noqa: PTH123  (pathlib is not loaded for this)
                source = file.read()
            if b"tarfile" in source or b"unpack_archive" in source:
                mend_tarfile()
        module = importlib.import_module(settings["entry"].removesuffix(".py").replace("/", "."))
        server = web_server(module, settings["port"]) if settings["interface"] == "http" else None
    except (Exception, SystemExit, KeyboardInterrupt) as e:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
        write_frame({"id": 0, **failure(e)})
        os._exit(1)
    if server is None:
        serve_calls(module)
    else:
        write_frame({"id": 0, "value": None})
        server.serve_forever()


start(SETTINGS)  # noqa: F821
