"""Framed messages between the outside and pid 1 of a cell, and the values in them.

Two big-endian 32-bit lengths, a JSON header that carries the nonce, a payload. What comes back is data of a hostile
program: it is parsed here, outside, as JSON with caps on size and depth, and never as objects.
"""

import base64
import json
import os
import select
import struct
import time
from collections.abc import Callable
from typing import Any

from weighbridge.cell.errors import ReplyInvalid

MAX_HEADER = 1 << 20
MAX_PAYLOAD = 96 << 20
MAX_DEPTH = 64
WATCH = 0.2  # seconds between two looks at the kernel's counters while a program is awaited


class WireClosed(Exception):
    """The cell is gone, or broke the protocol."""


class WireLate(Exception):
    """Pid 1 did not answer in time."""


class Wire:
    """One question at a time to pid 1. Not shared between threads."""

    def __init__(self, to_cell: int, from_cell: int):
        self._to, self._from = to_cell, from_cell
        self._nonce = os.urandom(16).hex()
        self._number = 0
        self._inbox = bytearray()
        os.set_blocking(to_cell, False)
        os.set_blocking(from_cell, False)
        self._poll_in, self._poll_out = select.poll(), select.poll()
        self._poll_in.register(from_cell, select.POLLIN)
        self._poll_out.register(to_cell, select.POLLOUT)

    def write(self, raw: bytes, ends: float) -> None:
        view = memoryview(raw)
        while view:
            try:
                view = view[os.write(self._to, view[: 1 << 16]) :]
            except BlockingIOError:
                if not self._poll_out.poll(max(0, (ends - time.monotonic()) * 1000)):
                    raise WireLate from None
            except OSError as e:
                raise WireClosed(str(e)) from None

    def _send(self, number: int, do: str, payload: bytes, ends: float, header: dict[str, Any]) -> None:
        raw = json.dumps({"nonce": self._nonce, "id": number, "do": do, **header}).encode()
        self.write(struct.pack(">II", len(raw), len(payload)) + raw + payload, ends)

    def ask(
        self,
        do: str,
        payload: bytes = b"",
        timeout: float = 10.0,
        watch: Callable[[], str | None] | None = None,
        **header: Any,
    ) -> tuple[dict[str, Any], bytes]:
        """Sends a command and returns the header and the payload of its reply.

        ``watch`` is asked a few times a second meanwhile; a reason that it gives ends the program inside.
        """
        ends = time.monotonic() + timeout
        self._number += 1
        self._send(self._number, do, payload, ends, header)
        while True:
            if len(self._inbox) >= 8:
                h, p = struct.unpack(">II", self._inbox[:8])
                if h > MAX_HEADER or p > MAX_PAYLOAD:
                    raise WireClosed("a frame over the cap")
                if len(self._inbox) >= 8 + h + p:
                    try:
                        reply = json.loads(self._inbox[8 : 8 + h])
                    except ValueError:
                        raise WireClosed("a frame without a header") from None
                    body = bytes(self._inbox[8 + h : 8 + h + p])
                    del self._inbox[: 8 + h + p]
                    if not isinstance(reply, dict) or reply.get("nonce") != self._nonce:
                        raise WireClosed("a frame without the nonce")
                    if reply.get("id") == self._number:
                        return reply, body
                    continue
            left = ends - time.monotonic()
            if not self._poll_in.poll(max(0, min(left, WATCH if watch else left) * 1000)):
                if left <= 0:
                    raise WireLate
                if watch and (reason := watch()):
                    self._send(0, "kill", b"", ends, {"reason": reason})
                continue
            try:
                chunk = os.read(self._from, 1 << 20)
            except BlockingIOError:
                continue
            except OSError as e:
                raise WireClosed(str(e)) from None
            if not chunk:
                raise WireClosed("closed")
            self._inbox += chunk


def pack(value: Any) -> Any:
    """A value as the host inside understands it: bytes as {"$bytes": base64}, tuples as lists, odd keys as pairs."""
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        if all(isinstance(k, str) and not k.startswith("$") for k in value):
            return {k: pack(v) for k, v in value.items()}
        return {"$pairs": [[pack(k), pack(v)] for k, v in value.items()]}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [pack(v) for v in value]
    return value


def parse_reply(raw: bytes) -> dict[str, Any]:
    """A reply of the program: a JSON object. Raises ReplyInvalid."""
    try:
        reply = json.loads(raw)
    except (ValueError, RecursionError) as e:
        raise ReplyInvalid(f"a reply that is not JSON: {str(e)[:200]}") from None
    if not isinstance(reply, dict):
        raise ReplyInvalid("a reply that is not an object")
    return reply


def unpack(value: Any) -> Any:
    """The value in a reply. {"$bytes"} become bytes, {"$pairs"} a dict; {"$repr"} stays as it is."""
    try:
        return _unpack(value)
    except (ValueError, TypeError, RecursionError) as e:
        raise ReplyInvalid(f"a value that cannot be read: {str(e)[:200]}") from None


def _unpack(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, list):
        return [_unpack(v, depth + 1) for v in value]
    if isinstance(value, dict):
        if value.keys() == {"$bytes"}:
            return base64.b64decode(value["$bytes"], validate=True)
        if value.keys() == {"$pairs"}:
            return {_hashable(_unpack(k, depth + 1)): _unpack(v, depth + 1) for k, v in value["$pairs"]}
        return {k: _unpack(v, depth + 1) for k, v in value.items()}
    return value


def _hashable(key: Any) -> Any:
    if isinstance(key, list):
        return tuple(_hashable(k) for k in key)
    return repr(key) if isinstance(key, dict) else key
