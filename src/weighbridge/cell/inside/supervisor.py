"""Pid 1 of a cell: starts one program, relays calls and requests to it, reads files, and ends it.

It runs inside, under a bare interpreter (``-I -S``), from code that arrives on descriptor 0, and it is never seen by
the program: the control descriptors (0 and 1) are closed in every child, and its own memory and /proc folder are shut
(not dumpable). It relays bytes and parses nothing that the program produced except frame lengths and, for a web
answer, where it ends. A program can find these words in its own memory: they say nothing of who runs it, or why.

Frames on 0 and 1: two big-endian 32-bit lengths, a JSON header, a payload. Every header carries the nonce.
"""

# ruff: noqa: SIM105
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false, reportOptionalOperand=false, reportArgumentType=false

import gc
import importlib
import json
import marshal
import os
import selectors
import signal
import struct
import sys
import time

import files
import processes
import rights
import web
from files import Refused
from program import Child, Program

TICK = 0.05
MAX_HEADER = 1 << 20
MAX_COMMAND = 96 << 20


class Loop:
    """Waits for commands, for the program and for the clock, in one thread."""

    def __init__(self):
        self.sel = selectors.DefaultSelector()
        self.inbox, self.outbox = bytearray(), bytearray()
        self.nonce = None
        self.limits = {}
        self.codes = {}
        self.clear()
        os.set_blocking(0, False)
        os.set_blocking(1, False)
        self.sel.register(0, selectors.EVENT_READ, self.on_command)

    def clear(self):
        self.program = None
        self.waiting = None
        self.exchanges = []
        self.listeners = []
        self.received = []

    # frames

    def send(self, number, header, payload=b""):
        p = self.program
        state = {"alive": p is not None and not p.over, "status": p and p.status, "reason": p and p.reason}
        raw = json.dumps({"nonce": self.nonce, "id": number, **state, **header}).encode()
        self.outbox += struct.pack(">II", len(raw), len(payload)) + raw + payload
        self.flush()

    def flush(self):
        try:
            while self.outbox:
                del self.outbox[: os.write(1, self.outbox[: 1 << 16])]
        except BlockingIOError:
            pass
        registered = 1 in self.sel.get_map()
        if self.outbox and not registered:
            self.sel.register(1, selectors.EVENT_WRITE, self.flush)
        elif not self.outbox and registered:
            self.sel.unregister(1)

    def on_command(self):
        try:
            chunk = os.read(0, 1 << 20)
        except BlockingIOError:
            return
        if not chunk:
            os._exit(0)  # whoever started this is gone; the kernel ends the rest of the pid namespace
        self.inbox += chunk
        while len(self.inbox) >= 8:
            h, p = struct.unpack(">II", self.inbox[:8])
            if h > MAX_HEADER or p > MAX_COMMAND:
                os._exit(3)
            if len(self.inbox) < 8 + h + p:
                return
            header = json.loads(self.inbox[8 : 8 + h])
            payload = bytes(self.inbox[8 + h : 8 + h + p])
            del self.inbox[: 8 + h + p]
            self.obey(header, payload)

    def obey(self, header, payload):
        if self.nonce is None:
            self.nonce = header["nonce"]
        elif header["nonce"] != self.nonce:
            os._exit(3)
        number = header["id"]
        try:
            getattr(self, "do_" + header["do"])(number, header, payload)
        except Refused as e:
            self.send(number, {"refused": e.kind, "text": e.text})
        except OSError as e:
            self.send(number, {"refused": "os", "text": str(e)})

    # commands

    def do_hello(self, number, header, payload):
        status = rights.settle(header["addresses"])
        self.limits = header["limits"]
        at = 0
        for name, size in header["codes"]:
            self.codes[name] = marshal.loads(payload[at : at + size])
            at += size
        sys.dont_write_bytecode = True
        sys.path.extend(header["paths"])
        for name in header["preload"]:
            try:
                importlib.import_module(name)
            except Exception:
                pass  # the program will meet it by itself
        files.renew()
        gc.collect()
        gc.freeze()
        self.send(number, status)

    def do_start(self, number, header, payload):
        if self.program is not None:
            raise Refused("busy", "a program is running")
        at = 0
        for path, kind, size in header["files"]:
            files.lay(path, payload[at : at + size], kind)
            at += size
        spec = {
            "channel": header["channel"],
            "code": self.codes.get(header["host"]),
            "argv": header["argv"],
            "environment": header["environment"],
            "settings": header["settings"],
            "input": payload[at:],
            "cwd": header["cwd"],
        }
        self.program = Program(self.sel, self.limits, spec, header["wall"])
        if header["channel"]:
            self.ask_program(number, header, None)
        else:
            self.send(number, {})

    def need_program(self):
        if self.program is not None:
            self.program.reap()
        if self.program is None or self.program.over:
            raise Refused("died", "the program has ended")

    def ask_program(self, number, header, raw):
        late = time.monotonic() + header["within"]
        self.program.ask(
            raw,
            (
                lambda body: self.send(number, {}, body),
                lambda kind, text: self.send(number, {"refused": kind, "text": text}),
                late,
                header["cap"],
            ),
        )

    def do_call(self, number, header, payload):
        self.need_program()
        if self.program.channel is None:
            raise Refused("died", "the program no longer answers")
        self.ask_program(number, header, payload)

    def do_http(self, number, header, payload):
        self.need_program()

        def done(result, body):
            if not body and self.program is not None:
                self.program.settle(0.1)  # closed without a word: it may be about to end
            self.send(number, result, body)

        self.exchanges.append(web.Exchange(self.sel, payload, header, done))

    def do_stat(self, number, header, payload):
        self.send(number, {"stat": files.look(header["path"])})

    def do_read(self, number, header, payload):
        content = files.take(header["path"], header["cap"])
        self.send(number, {"found": content is not None}, content or b"")

    def do_tree(self, number, header, payload):
        found = files.survey(header["path"], header["most"], header["deepest"])
        self.send(number, {}, json.dumps(found).encode())

    def do_write(self, number, header, payload):
        files.lay(header["path"], payload, header["kind"])
        self.send(number, {})

    def do_listen(self, number, header, payload):
        self.listeners.append(web.Listener(self.sel, header["address"], header["port"], payload, self.received))
        self.send(number, {})

    def do_received(self, number, header, payload):
        rows = [[r["address"], r["port"], len(r["got"]), r["time"]] for r in self.received]
        self.send(number, {"rows": rows}, b"".join(r["got"] for r in self.received))

    def do_output(self, number, header, payload):
        p = self.program
        if p is None:
            raise Refused("died", "no program")
        p.drain()
        out, err = bytes(p.kept["out"]), bytes(p.kept["err"])
        self.send(number, {"out": len(out), "truncated": p.truncated, "total": p.total}, out + err)

    def do_state(self, number, header, payload):
        if self.program is not None:
            self.program.tick(time.monotonic())
        count, threads, resident, _ = processes.measure()
        self.send(number, {"count": count, "threads": threads, "resident": resident})

    def do_wait(self, number, header, payload):
        """Replies when the program has ended and its output is drained, or at the time limit."""
        self.waiting = (number, time.monotonic() + header["within"])

    def do_kill(self, number, header, payload):
        if self.program is not None:
            self.program.stop(header["reason"])
        self.send(number, {})

    def do_end(self, number, header, payload):
        """Ends the run: everything killed, everything closed, every file wiped; ``clean`` says whether it worked."""
        p = self.program
        if p is not None:
            p.tick(time.monotonic())  # a limit that was passed since the last look is still worth knowing
        clean = processes.kill_all(time.monotonic() + header["within"])
        used = {}
        if p is not None:
            p.close()
            used = {"cpu": processes.reaped_cpu() - p.cpu_before, "peak": p.peak}
        for exchange in self.exchanges:
            exchange.done = None
            web.close(self.sel, exchange.socket)
        for listener in self.listeners:
            web.close(self.sel, listener.socket)
        for row in self.received:
            web.close(self.sel, row["socket"])
        try:
            files.renew()
        except OSError:
            clean = False
        self.send(number, {"clean": clean, **used})
        self.clear()

    # the clock

    def tick(self, now):
        p = self.program
        p.tick(now)
        for exchange in [e for e in self.exchanges if e.done is not None]:
            if p.reason is not None:
                exchange.finish(error="the program was stopped")
            elif now > exchange.ends:
                exchange.finish(error="late", late=True)
        self.exchanges = [e for e in self.exchanges if e.done is not None]
        if self.waiting is not None and ((p.over and not p.pipes) or now > self.waiting[1]):
            number, self.waiting = self.waiting[0], None
            p.drain()
            self.send(number, {"late": not p.over})

    def serve(self):
        last = 0.0
        while True:
            # A tool's end is waited for closely: nothing announces it but the closing of its pipes.
            pause = None if self.program is None else 0.005 if self.waiting else TICK
            for key, _ in self.sel.select(pause):
                # A callback may have closed a descriptor that a later event of the same round names.
                if (now_there := self.sel.get_map().get(key.fd)) is not None and now_there.data is key.data:
                    key.data()
            now = time.monotonic()
            if self.program is not None and (self.waiting or now - last >= TICK):
                last = now
                self.tick(now)


def main():
    """Serves until the other side is gone; in a forked child, returns what is to run there."""
    for number in signal.valid_signals():
        try:
            # Pid 1 gets no signal from inside that it has no handler for; Python has one for SIGINT.
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.umask(0o022)
    loop = Loop()
    try:
        loop.serve()
    except Child as child:
        return child.spec
    raise AssertionError


spec = main()
rights.become(spec)
for name in ("files", "processes", "program", "rights", "web"):
    del sys.modules[name]
if spec["argv"]:
    os.execve(spec["argv"][0], spec["argv"], spec["environment"])
following = (spec["code"], spec["settings"])
