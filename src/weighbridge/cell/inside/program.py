"""The one program of a run, as pid 1 holds it: its process, its two output pipes, its channel, and its limits."""

# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false, reportOptionalOperand=false, reportArgumentType=false

import os
import selectors
import signal
import socket
import struct
import time

import processes
from files import MAX_ENTRIES


class Child(Exception):
    """Carries a forked child out of every frame of this code before any foreign code runs."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec


class Program:
    """Started once; ``status`` is its wait status once it has ended, ``reason`` why it was stopped from here.

    ``question`` is the open one, or None: (answer(body), fail(kind, text), when it is late, cap in bytes).
    """

    def __init__(self, sel, limits, spec, wall):
        self.sel, self.limits = sel, limits
        self.status = self.reason = None
        self.kept = {"out": bytearray(), "err": bytearray()}
        self.total = 0
        self.truncated = False
        self.pipes = {}
        self.channel = None
        self.frames, self.unsent = bytearray(), bytearray()
        self.question = None
        self.cpu_before, self.cpu, self.peak = processes.reaped_cpu(), 0.0, 0
        self.ends = time.monotonic() + wall
        ends = {key: os.pipe() for key in ("out", "err")}
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            channel = theirs.detach() if spec["channel"] else None
            raise Child({**spec, "out": ends["out"][1], "err": ends["err"][1], "channel": channel, "limits": limits})
        theirs.close()
        for key, (r, w) in ends.items():
            os.close(w)
            os.set_blocking(r, False)
            self.pipes[r] = key
            sel.register(r, selectors.EVENT_READ, lambda r=r: self.on_output(r))
        if spec["channel"]:
            ours.setblocking(False)
            self.channel = ours
            sel.register(ours, selectors.EVENT_READ, self.on_channel)
        else:
            ours.close()

    @property
    def over(self):
        return self.status is not None or self.reason is not None

    # what it prints

    def on_output(self, fd):
        """Reads what is there; keeps the first bytes, counts the rest. Returns whether there may be more."""
        try:
            chunk = os.read(fd, 1 << 18)
        except BlockingIOError:
            return False
        if not chunk:
            self.sel.unregister(fd)
            del self.pipes[fd]
            os.close(fd)
            return False
        self.total += len(chunk)
        kept = self.kept[self.pipes[fd]]
        room = self.limits["output"] - len(kept)
        kept += chunk[:room]
        if len(chunk) > room:
            self.truncated = True
        if self.total > self.limits["flood"]:
            self.stop("output")
            return False
        return True

    def drain(self):
        """Reads what the pipes hold now (at most a little more than that, if the program goes on writing)."""
        for fd in list(self.pipes):
            for _ in range(8):
                if not self.on_output(fd):
                    break

    # what it is asked

    def ask(self, raw, question):
        """Sends a frame, or only waits for one (the first, when it is ready) where ``raw`` is None."""
        self.question = question
        if raw is None:
            return
        self.frames.clear()
        try:
            # Frames that nobody asked for are thrown away before the next question.
            while self.channel.recv(1 << 18):
                pass
        except OSError:
            pass
        self.unsent += struct.pack(">I", len(raw)) + raw
        self.sel.modify(self.channel, selectors.EVENT_READ | selectors.EVENT_WRITE, self.on_channel)

    def on_channel(self):
        try:
            if self.unsent:
                del self.unsent[: self.channel.send(self.unsent[: 1 << 18])]
                if not self.unsent:
                    self.sel.modify(self.channel, selectors.EVENT_READ, self.on_channel)
        except BlockingIOError:
            pass
        except OSError:
            self.lose_channel()
            return
        try:
            chunk = self.channel.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self.lose_channel()
            return
        if self.question is None:
            return
        self.frames += chunk
        if len(self.frames) < 4:
            return
        (size,) = struct.unpack(">I", self.frames[:4])
        answer, fail, _, cap = self.question
        if size > cap:
            self.question = None
            self.stop("answer too long")
            fail("reply", f"a reply of {size} bytes, over the cap of {cap}")
        elif len(self.frames) >= 4 + size:
            self.question = None
            body = bytes(self.frames[4 : 4 + size])
            self.frames.clear()
            answer(body)

    def lose_channel(self):
        self.close_channel()
        self.settle(0.5)
        if not self.over:
            self.stop("closed")
        self.fail("died", "the program ended before it answered")

    def close_channel(self):
        if self.channel is not None:
            self.sel.unregister(self.channel)
            self.channel.close()
            self.channel = None

    def fail(self, kind, text):
        question, self.question = self.question, None
        if question is not None:
            question[1](kind, text)

    # what becomes of it

    def reap(self):
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.pid:
                    self.status = status
        except ChildProcessError:
            pass

    def settle(self, wait):
        """Waits a moment for the end of a program that seems to be ending: its status says why."""
        late = time.monotonic() + wait
        self.reap()
        while self.status is None and time.monotonic() < late:
            time.sleep(0.002)
            self.reap()

    def stop(self, reason):
        """Kills everything that it started. The first reason stays."""
        self.reap()
        if not self.over:
            self.reason = reason
        processes.kill_all(time.monotonic() + 2.0)
        if self.status is None:
            self.status = signal.SIGKILL

    def broken_limit(self, now):
        """The name of a limit that is passed, or None."""
        _, threads, resident, cpu = processes.measure()
        self.peak = max(self.peak, resident)
        self.cpu = cpu + processes.reaped_cpu() - self.cpu_before
        disk, shared = os.statvfs("/srv"), os.statvfs("/dev/shm")
        if now > self.ends:
            return "timeout"
        if threads >= self.limits["processes"] - 2:
            return "processes"
        # Forked processes share most of what counts as resident in each of them: counted exactly only when it matters.
        over = self.limits["watch_memory"] and resident > self.limits["memory"]
        if over and processes.proportional() > self.limits["memory"]:
            return "memory"
        if self.cpu > self.limits["cpu"]:
            return "cpu"
        if 0 in (disk.f_bavail, shared.f_bavail) or disk.f_files - disk.f_ffree > MAX_ENTRIES:
            return "disk"
        return None

    def tick(self, now):
        self.reap()
        if self.reason is None and (reason := self.broken_limit(now)):
            self.stop(reason)
        if self.question is not None and self.over:
            if self.channel is not None:
                self.on_channel()  # it may have answered with its last breath
            self.fail("died", "the program ended before it answered")
        elif self.question is not None and now > self.question[2]:
            self.stop("timeout")
            self.fail("late", "no answer within the time limit")

    def close(self):
        self.close_channel()
        for fd in self.pipes:
            self.sel.unregister(fd)
            os.close(fd)
        self.pipes.clear()
