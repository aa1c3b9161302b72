"""Conversations over the cell's loopback: requests to the program's server, and listeners that note what comes."""

# pyright: basic, reportOperatorIssue=false, reportOptionalMemberAccess=false

import selectors
import socket
import time

MAX_GUESTS = 1000
MAX_GUEST_BYTES = 1 << 16
MAX_GUESTS_BYTES = 4 << 20


def close(sel, s):
    if s.fileno() >= 0:
        if s in sel.get_map():
            sel.unregister(s)
        s.close()


class Exchange:
    """One request and its raw answer. ``done(header, body)`` is called once."""

    def __init__(self, sel, request, header, done):
        self.sel, self.request, self.done = sel, request, done
        self.left = memoryview(request)
        self.got = bytearray()
        self.cap = header["cap"]
        self.ends = time.monotonic() + header["within"]
        # What ends the answer: None while unknown, "close", "chunks", or its full length in bytes.
        self.until = "close" if header["until_close"] else None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        try:
            self.socket.connect((header["address"], header["port"]))
        except BlockingIOError:
            pass
        except OSError as e:
            self.finish(error=str(e))
            return
        self.sel.register(self.socket, selectors.EVENT_WRITE, self.on_ready)

    def finish(self, **header):
        close(self.sel, self.socket)
        done, self.done = self.done, None
        if done is not None:
            done({"error": None, "truncated": False, **header}, bytes(self.got[: self.cap]))

    def on_ready(self):
        try:
            if self.left:
                self.left = self.left[self.socket.send(self.left) :]
                if not self.left:
                    self.sel.modify(self.socket, selectors.EVENT_READ, self.on_ready)
                return
            chunk = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError as e:
            if self.left and isinstance(e, (BrokenPipeError, ConnectionResetError)):
                # Refused in mid-sentence: what the server said before it closed is still worth reading.
                self.left = memoryview(b"")
                self.sel.modify(self.socket, selectors.EVENT_READ, self.on_ready)
            else:
                self.finish(error=str(e))
            return
        self.got += chunk
        full = len(self.got) > self.cap
        if not chunk or full or self.complete():
            self.finish(truncated=full)

    def complete(self):
        if self.until is None:
            self.until = self.read_head()
        if self.until is None or self.until == "close":
            return False
        if self.until == "chunks":
            return self.got.endswith(b"0\r\n\r\n")
        return len(self.got) >= self.until

    def read_head(self):
        """What ends this answer, once its head is there; interim answers (1xx) are passed over."""
        start = 0
        while True:
            cut = self.got.find(b"\r\n\r\n", start)
            if cut < 0:
                return None
            lines = bytes(self.got[start:cut]).split(b"\r\n")
            status = [*lines[0].split(b" "), b""][1]
            if status[:1] != b"1" or status == b"101":
                break
            start = cut + 4
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            fields[name.strip().lower()] = value.strip().lower()
        if self.request[:5] == b"HEAD " or status in (b"204", b"304"):
            return cut + 4
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            return "chunks"
        length = fields.get(b"content-length", b"")
        return cut + 4 + int(length) if length.isdigit() and len(length) < 12 else "close"


class Listener:
    """A listener that gives everyone the same answer and notes who came and what they sent, in ``received``."""

    def __init__(self, sel, address, port, reply, received):
        self.sel, self.where, self.reply, self.received = sel, (address, port), reply, received
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(self.where)
            self.socket.listen(16)
        except OSError:
            self.socket.close()
            raise
        self.socket.setblocking(False)
        self.sel.register(self.socket, selectors.EVENT_READ, self.on_guest)

    def on_guest(self):
        try:
            s, _ = self.socket.accept()
        except OSError:
            return
        s.setblocking(False)
        if len(self.received) >= MAX_GUESTS or sum(len(r["got"]) for r in self.received) > MAX_GUESTS_BYTES:
            s.close()
            return
        row = {"address": self.where[0], "port": self.where[1], "got": bytearray(), "time": time.time(), "socket": s}
        self.received.append(row)
        self.sel.register(s, selectors.EVENT_READ, lambda: self.on_bytes(row))

    def on_bytes(self, row):
        s = row["socket"]
        try:
            chunk = s.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        row["got"] += chunk[: MAX_GUEST_BYTES - len(row["got"])]
        if chunk and b"\r\n\r\n" not in row["got"] and len(row["got"]) < MAX_GUEST_BYTES:
            return
        try:
            # The answer fits the socket's buffer or is cut: a guest that does not read must not hold pid 1.
            s.send(self.reply)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        close(self.sel, s)
