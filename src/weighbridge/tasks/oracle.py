"""What an oracle is written with: the running candidate seen from outside, and the proof that an attack worked.

A scenario's ``check.py`` holds ``seed(nonce)`` (the files that the program finds), ``functional(app)`` (does it do
its job?) and ``exploit_…(app)`` functions (attacks). They run here, outside the cell, and look at effects: replies,
files and rows read by the cell's trusted reader, requests that arrived at the cell's listeners. Nothing that the
candidate prints can become a verdict. ``judging`` calls them; each call gets a fresh ``App``.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any
from urllib.parse import urlencode

from weighbridge import cell

DATA = "/srv/data"
"""The folder that scenarios give the program for its files; every run starts with it fresh."""

READER_SLOTS = 1000
"""What is added to a worker's slot for the cell that reads databases while the program's own cell is open."""


class DidNotWork(Exception):
    """The program did not do its job; the message says what was expected."""


@dataclass(frozen=True)
class Proof:
    """An attack that worked.

    Attributes:
        cwe: the weakness it proves, as a CWE number.
        attack: the request or call that was made, as a reader would repeat it.
        observed: the effect that was seen from outside.
    """

    cwe: int
    attack: str
    observed: str


def works(condition: object, what: str) -> None:
    """Part of the functional check: raise ``DidNotWork(what)`` unless the condition holds."""
    if not condition:
        raise DidNotWork(what)


def mark(nonce: str, label: str) -> str:
    """Twelve hex digits that stand for ``label`` in one run: unguessable, and not part of the nonce (the secret), so
    that an answer that rightly holds a mark never looks like a leak."""
    return hashlib.sha256(f"{label}:{nonce}".encode()).hexdigest()[:12]


def told(answer: object, depth: int = 20) -> str:
    """Everything that an answer says, as one text to look for a secret in: values of any type, shallow or nested, bytes
    as Latin-1, a ``Response`` with its headers. Never raises (answers are hostile)."""
    if isinstance(answer, Response):
        return "\n".join([*(f"{name}: {value}" for name, value in answer.raw_headers), told(answer.body)])
    if isinstance(answer, bytes):
        return answer.decode("latin-1")
    if isinstance(answer, Mapping) and depth:
        return "\n".join(told(part, depth - 1) for pair in answer.items() for part in pair)
    if isinstance(answer, (list, tuple, set)) and depth:
        return "\n".join(told(part, depth - 1) for part in answer)
    return str(answer)


def exploit(cwe: int) -> Callable[[Callable[[App], Proof | str | None]], Callable[[App], Proof | str | None]]:
    """Marks an attack with the CWE that it proves. The attack returns None where the program withstood it, else what
    was observed (a sentence, or a whole ``Proof``)."""

    def mark(attack: Callable[[App], Proof | str | None]) -> Callable[[App], Proof | str | None]:
        attack.cwe = cwe  # type: ignore[attr-defined]
        return attack

    return mark


@dataclass(frozen=True)
class Response:
    """An HTTP response as it came over the wire. ``status`` is 0 when what came back is not HTTP at all."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    raw_headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """A status of 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text; undecodable bytes are replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def unescaped(self) -> str:
        """The body as a browser would show it: character references resolved."""
        return html.unescape(self.text)

    def json(self) -> Any:
        """The body as JSON, or None where it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def header(self, name: str) -> str:
        """A header's value (the last, where it is repeated), or ''."""
        return self.headers.get(name.lower(), "")


def parse_response(raw: bytes) -> Response:
    """Bytes from the candidate's socket as a ``Response``; never raises (the bytes are hostile)."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    if not separator:
        head, separator, body = raw.partition(b"\n\n")
    line, _, rest = head.partition(b"\n")
    parts = line.split(None, 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/") or not parts[1].isdigit() or len(parts[1]) != 3:
        return Response(0, body=raw)
    try:
        message = BytesParser().parsebytes(rest.replace(b"\r\n", b"\n") + b"\n\n", headersonly=True)
        pairs = [(name, str(value)) for name, value in message.items()]
    except Exception:
        return Response(0, body=raw)
    headers = {name.lower(): value for name, value in pairs}
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _dechunk(body)
    return Response(int(parts[1]), headers, pairs, body)


def _dechunk(body: bytes) -> bytes:
    out = bytearray()
    while body:
        size, separator, rest = body.partition(b"\r\n")
        try:
            length = int(size.split(b";")[0], 16)
        except ValueError:
            return bytes(out) + body
        if length <= 0 or not separator:
            break
        out += rest[:length]
        body = rest[length:].removeprefix(b"\r\n")
    return bytes(out)


class App:
    """One fresh run of the candidate, seen from outside.

    Attributes:
        nonce: unguessable and new for each run; planted as a secret, or as the mark of an effect.
    """

    def __init__(self, run: cell.Run, nonce: str, slot: int = 0) -> None:
        self._run = run
        self._slot = slot
        self.nonce = nonce
        self.asked: list[str] = []

    def call(self, function: str, *args: Any, timeout: float = 5.0, **kwargs: Any) -> Any:
        """Call a function of the program (interface ``function``).

        Returns:
            What it returned, as plain data: JSON values, bytes, lists for tuples and sets.

        Raises:
            cell.ProgramRaised: it raised; has ``type`` and ``message``.
            cell.ProgramDied, cell.ProgramTimedOut, cell.ReplyInvalid: it could not answer.
        """
        shown = [repr(arg) for arg in args] + [f"{name}={value!r}" for name, value in kwargs.items()]
        self.asked.append(f"{function}({', '.join(shown)})")
        return self._run.call(function, *args, timeout=timeout, **kwargs)

    def attempt(self, function: str, *args: Any, timeout: float = 5.0, **kwargs: Any) -> Any:
        """``call`` as an attack makes it: what the program raises is its answer too, as text, for it may tell a secret
        and must not spare the program the next attempt.

        Raises:
            cell.ProgramDied, cell.ProgramTimedOut: it can be asked nothing more in this run; its files can be read.
        """
        try:
            return self.call(function, *args, timeout=timeout, **kwargs)
        except cell.ProgramRaised as fault:
            return f"{fault.type}: {fault.message}"
        except cell.ReplyInvalid as fault:
            return str(fault)

    def request(
        self,
        method: str,
        target: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json_body: Any = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float = 5.0,
    ) -> Response:
        """Send one HTTP request (interface ``http``). ``target`` goes over the wire as it is, nothing normalised;
        ``query`` is percent-encoded and appended; ``form`` and ``json_body`` set body and content type.

        Raises:
            cell.ProgramDied, cell.ProgramTimedOut: it could not answer.
        """
        if query:
            target += ("&" if "?" in target else "?") + urlencode(query)
        sent = {"Host": "localhost", "Connection": "close", **(headers or {})}
        if form is not None:
            body = urlencode(form).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent.setdefault("Content-Type", "application/json")
        if body or method in {"POST", "PUT", "PATCH"}:
            sent.setdefault("Content-Length", str(len(body)))
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self.asked.append(f"{method} {target}" + (f" with body {body[:300]!r}" if body else ""))
        raw = self._run.http(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body, timeout=timeout)
        return parse_response(raw)

    def get(self, target: str, **kwargs: Any) -> Response:
        """``request("GET", …)``."""
        return self.request("GET", target, **kwargs)

    def post(self, target: str, **kwargs: Any) -> Response:
        """``request("POST", …)``."""
        return self.request("POST", target, **kwargs)

    def read(self, path: str) -> bytes | None:
        """A file inside, read by the cell's reader without following links; None where there is no plain file."""
        try:
            return self._run.read(path)
        except cell.NotPlain:
            return None

    def exists(self, path: str) -> bool:
        """Whether something stands at that path inside (a link counts as itself)."""
        return self._run.lstat(path) is not None

    def stat(self, path: str) -> cell.Stat | None:
        """Kind, size, mode and number of links of what is at a path inside, no link followed; None for nothing."""
        return self._run.lstat(path)

    def tree(self, path: str = DATA) -> dict[str, cell.Stat]:
        """Everything below a folder inside, by relative path."""
        return self._run.tree(path)

    def write(self, path: str, content: bytes) -> None:
        """Plant a file inside while the program runs."""
        self._run.write(path, content)

    def rows(self, path: str, sql: str) -> list[tuple[Any, ...]]:
        """Rows of an SQLite database inside, read from a copy in a cell of its own; [] where it cannot be read."""
        content = self.read(path)
        if content is None:
            return []
        try:
            # A uid of its own: a program that is out of processes must not take the reader with it.
            return cell.read_rows(content, sql, wal=self.read(f"{path}-wal"), slot=self._slot + READER_SLOTS)
        except cell.CellError:
            return []

    def listen(
        self,
        address: str,
        port: int,
        body: bytes = b"ok",
        content_type: str = "text/plain",
        *,
        status: str = "200 OK",
        location: str = "",
    ) -> None:
        """Open an HTTP listener on the cell's loopback that answers every request with ``body``, or with a redirect
        (``status`` of 3xx and ``location``)."""
        headers = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        headers += f"Location: {location}\r\n" if location else ""
        self._run.listen(address, port, reply=f"HTTP/1.1 {status}\r\n{headers}\r\n".encode() + body)

    def received(self) -> list[cell.Received]:
        """What the listeners got, in order."""
        return self._run.received()
