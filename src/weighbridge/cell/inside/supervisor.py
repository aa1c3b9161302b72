"""Pid 1 of a cell: starts one program, relays calls and requests to it, reads files, and ends it.

It runs inside, under a bare interpreter (``-I -S``), from code that arrives on descriptor 0, and it is never seen by
the program: the control descriptors (0 and 1) are closed in every child, and its own memory and /proc folder are shut
(not dumpable). It relays bytes and parses nothing that the program produced except frame lengths and, for a web
answer, where it ends. It may only use words that say nothing of who runs it and why.

Frames on 0 and 1: two big-endian 32-bit lengths, a JSON header, a payload. Every header carries the nonce.
"""

# pathlib and contextlib would cost milliseconds at every start, and paths here are descriptors:
# ruff: noqa: PTH101, PTH102, PTH123, PTH208, SIM105
# pyright: basic, reportOptionalMemberAccess=false, reportOptionalOperand=false, reportArgumentType=false
# pyright: reportOperatorIssue=false

import ctypes
import errno
import fcntl
import gc
import importlib
import json
import marshal
import os
import resource
import selectors
import signal
import socket
import stat
import struct
import sys
import time

WRITABLE = ("/srv", "/dev/shm")
FOLDERS = ("/srv/app", "/srv/data", "/srv/tmp")
PORT = 8000
TICK = 0.05
MAX_HEADER = 1 << 20
MAX_COMMAND = 96 << 20
MAX_ENTRIES = 20_000

libc = ctypes.CDLL(None, use_errno=True)


def prctl(*args):
    if libc.prctl(*[ctypes.c_ulong(a) for a in (*args, 0, 0, 0, 0)[:5]]) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {args[0]}")


class Refused(Exception):
    """A command that cannot be carried out, with a word for the caller."""

    def __init__(self, kind, text=""):
        super().__init__(text)
        self.kind = kind
        self.text = text


# --- privileges -----------------------------------------------------------------------------------------------------


def add_address(address, number):
    """Gives the loopback a further address, so that a listener can stand for a machine elsewhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        name = f"lo:{number}".encode()
        packed = struct.pack("16sH2s4s8s", name, socket.AF_INET, b"", socket.inet_aton(address), b"")
        fcntl.ioctl(s, 0x8916, packed)  # SIOCSIFADDR


def put(path, text):
    with open(path, "w") as f:
        f.write(text)


def settle(addresses):
    """What needs privileges in the cell's own namespaces, then gives them all up for good."""
    put("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")
    for number, address in enumerate(addresses, 1):
        add_address(address, number)
    put("/proc/sys/user/max_user_namespaces", "0")
    prctl(47, 4)  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL
    header = struct.pack("=Ii", 0x20080522, 0)
    empty = bytes(24)
    if libc.capset(header, empty) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    prctl(38, 1)  # PR_SET_NO_NEW_PRIVS
    prctl(4, 0)  # PR_SET_DUMPABLE: /proc/1/{fd,mem,environ,maps} are shut to everyone in here
    with open("/proc/thread-self/status") as f:
        status = dict(line.split(":", 1) for line in f if ":" in line)
    if any(int(status[k], 16) for k in ("CapPrm", "CapEff", "CapInh", "CapAmb")):
        raise OSError("capabilities are left")
    return status.get("Seccomp", "0").strip()


# --- files ----------------------------------------------------------------------------------------------------------


def open_folder(parts):
    """Walks down from / component by component, following nothing. Returns a descriptor."""
    fd = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        for part in parts:
            below = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
            os.close(fd)
            fd = below
    except OSError:
        os.close(fd)
        raise
    return fd


def split(path):
    parts = [p for p in path.split("/") if p]
    if not path.startswith("/") or not parts or any(p in (".", "..") for p in parts) or "\0" in path:
        raise Refused("path", path)
    if parts[0] == "tmp":
        parts[:1] = ["srv", "tmp"]
    return parts


def facts(s):
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo"}
    kinds[stat.S_IFSOCK] = "socket"
    kind = kinds.get(stat.S_IFMT(s.st_mode), "device")
    return [kind, stat.S_IMODE(s.st_mode), s.st_size, s.st_nlink, s.st_mtime, s.st_uid]


ABSENT = (errno.ENOENT, errno.ENOTDIR)


def look(path):
    parts = split(path)
    try:
        folder = open_folder(parts[:-1])
    except OSError as e:
        if e.errno in ABSENT or e.errno == errno.ELOOP:
            return None
        raise
    try:
        return facts(os.stat(parts[-1], dir_fd=folder, follow_symlinks=False))
    except OSError as e:
        if e.errno in ABSENT:
            return None
        raise
    finally:
        os.close(folder)


def take(path, cap):
    """A regular file with one link and at most ``cap`` bytes, or None where there is nothing by that name."""
    parts = split(path)
    try:
        folder = open_folder(parts[:-1])
    except OSError as e:
        if e.errno == errno.ENOENT:
            return None
        raise Refused("not plain", "a component of the path is not a folder") from None
    try:
        fd = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=folder)
    except OSError as e:
        if e.errno == errno.ENOENT:
            return None
        raise Refused("not plain", os.strerror(e.errno)) from None
    finally:
        os.close(folder)
    try:
        s = os.fstat(fd)
        if not stat.S_ISREG(s.st_mode):
            raise Refused("not plain", "not a regular file")
        if s.st_nlink != 1:
            raise Refused("not plain", f"{s.st_nlink} links")
        if s.st_size > cap:
            raise Refused("not plain", f"{s.st_size} bytes, over the cap of {cap}")
        chunks, left = [], cap + 1
        while left > 0 and (chunk := os.read(fd, min(left, 1 << 20))):
            chunks.append(chunk)
            left -= len(chunk)
        if left <= 0:
            raise Refused("not plain", f"over the cap of {cap}")
        return b"".join(chunks)
    finally:
        os.close(fd)


def survey(path, most, deepest):
    """Everything below a folder by relative path; links are named, never followed."""
    found, todo = {}, [(split(path), "", 0)]
    while todo:
        parts, prefix, depth = todo.pop()
        try:
            folder = open_folder(parts)
            fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
        except OSError as e:
            if e.errno in ABSENT and not prefix:
                return None
            continue
        try:
            for name in os.listdir(fd):
                if len(found) >= most:
                    raise Refused("too many", f"more than {most} entries below {path}")
                try:
                    s = os.stat(name, dir_fd=fd, follow_symlinks=False)
                except OSError:
                    continue
                found[prefix + name] = facts(s)
                if stat.S_ISDIR(s.st_mode):
                    if depth >= deepest:
                        raise Refused("too many", f"more than {deepest} levels below {path}")
                    todo.append(([*parts, name], prefix + name + "/", depth + 1))
        finally:
            os.close(fd)
    return found


def lay(path, content, kind):
    """Writes a file, folder or link, making folders on the way; never through a link."""
    parts = split(path)
    fd = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            try:
                os.mkdir(part, 0o755, dir_fd=fd)
            except OSError as e:
                if e.errno not in (errno.EEXIST, errno.EROFS):
                    raise
            below = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
            os.close(fd)
            fd = below
        name = parts[-1]
        if kind == "folder":
            try:
                os.mkdir(name, 0o755, dir_fd=fd)
            except FileExistsError:
                if not stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                    raise
        elif kind == "link":
            os.symlink(content.decode(), name, dir_fd=fd)
        else:
            # A file that is there is replaced, not written through: it may have other links.
            beside = f".{os.urandom(6).hex()}"
            out = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=fd)
            try:
                view = memoryview(content)
                while view:
                    view = view[os.write(out, view) :]
            finally:
                os.close(out)
            os.rename(beside, name, src_dir_fd=fd, dst_dir_fd=fd)
    except OSError as e:
        raise Refused("write", f"{path}: {os.strerror(e.errno)}") from None
    finally:
        os.close(fd)


def empty(top):
    """Removes everything below a folder, at any depth, with two descriptors: folders below are moved up first."""
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    number = 0
    try:
        os.fchmod(fd, 0o755)
        for key in os.listxattr(fd):
            os.removexattr(fd, key)
        while names := os.listdir(fd):
            for name in names:
                if not stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                    os.unlink(name, dir_fd=fd)
                    continue
                os.chmod(name, 0o700, dir_fd=fd)
                below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
                try:
                    for child in os.listdir(below):
                        if stat.S_ISDIR(os.stat(child, dir_fd=below, follow_symlinks=False).st_mode):
                            # Moving a folder rewrites its "..", which needs write permission on it.
                            os.chmod(child, 0o700, dir_fd=below)
                            number += 1
                            os.rename(child, f"{number}.{os.urandom(6).hex()}", src_dir_fd=below, dst_dir_fd=fd)
                        else:
                            os.unlink(child, dir_fd=below)
                finally:
                    os.close(below)
                os.rmdir(name, dir_fd=fd)
    finally:
        os.close(fd)


def renew():
    for top in WRITABLE:
        empty(top)
    for folder in FOLDERS:
        os.mkdir(folder, 0o1777 if folder == "/srv/tmp" else 0o755)
        os.chmod(folder, 0o1777 if folder == "/srv/tmp" else 0o755)


# --- processes ------------------------------------------------------------------------------------------------------


def others():
    """Threads, resident bytes and CPU seconds of every process but this one."""
    page, ticks = resource.getpagesize(), os.sysconf("SC_CLK_TCK")
    threads = resident = cpu = count = 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or name == "1":
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as f:
                fields = f.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[0] in (b"Z", b"X"):
            continue
        count += 1
        cpu += sum(int(x) for x in fields[11:15]) / ticks
        threads += int(fields[17])
        resident += int(fields[21]) * page
    return count, threads, resident, cpu


def kill_all(deadline):
    """SIGKILL to everything else in the pid namespace until nothing is left. From pid 1: ``kill -1``."""
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            while True:
                os.waitpid(-1, 0 if time.monotonic() < deadline else os.WNOHANG)
        except ChildProcessError:
            pass
        if not [n for n in os.listdir("/proc") if n.isdigit() and n != "1"]:
            return True
        if time.monotonic() > deadline:
            return False


class Child(Exception):
    """Carries a forked child out of every frame of this file before any foreign code runs."""

    def __init__(self, spec):
        self.spec = spec


# --- the loop -------------------------------------------------------------------------------------------------------


def answer_ends(sent, got):
    """Whether the bytes of a web answer are all there (length or chunks); otherwise it lasts until the close."""
    while True:
        cut = got.find(b"\r\n\r\n")
        if cut < 0:
            return False
        head = got[:cut].split(b"\r\n")
        status = head[0].split(b" ")[1:2]
        if status and status[0][:1] == b"1" and status[0] != b"101":
            got = got[cut + 4 :]
            continue
        break
    body = len(got) - cut - 4
    fields = {}
    for line in head[1:]:
        k, _, v = line.partition(b":")
        fields[k.strip().lower()] = v.strip().lower()
    if sent[:5] == b"HEAD " or (status and status[0] in (b"204", b"304")):
        return True
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        return got.endswith(b"0\r\n\r\n")
    length = fields.get(b"content-length", b"")
    return length.isdigit() and len(length) < 12 and body >= int(length)


class Loop:
    def __init__(self):
        self.sel = selectors.DefaultSelector()
        self.inbox = bytearray()
        self.outbox = bytearray()
        self.nonce = None
        self.limits = {}
        self.pending = {}
        self.codes = {}
        self.clear()
        os.set_blocking(0, False)
        os.set_blocking(1, False)
        self.sel.register(0, selectors.EVENT_READ, self.on_command)

    def clear(self):
        self.pid = None
        self.status = None
        self.reason = None
        self.channel = None
        self.frames = bytearray()
        self.kept = {"out": bytearray(), "err": bytearray()}
        self.total = 0
        self.truncated = False
        self.watched = {}
        self.listeners = []
        self.received = []
        self.received_bytes = 0
        self.run_ends = None
        self.cpu_before = 0.0
        self.cpu_seen = 0.0
        self.peak = 0

    # frames

    def send(self, number, header, payload=b""):
        header = {
            "nonce": self.nonce,
            "id": number,
            "alive": self.pid is not None and self.status is None,
            "status": self.status,
            "reason": self.reason,
            **header,
        }
        raw = json.dumps(header).encode()
        self.outbox += struct.pack(">II", len(raw), len(payload)) + raw + payload
        self.flush()

    def flush(self):
        try:
            while self.outbox:
                del self.outbox[: os.write(1, self.outbox[: 1 << 16])]
        except BlockingIOError:
            pass
        wanted = bool(self.outbox)
        registered = 1 in self.sel.get_map()
        if wanted and not registered:
            self.sel.register(1, selectors.EVENT_WRITE, self.flush)
        elif not wanted and registered:
            self.sel.unregister(1)

    def on_command(self):
        try:
            chunk = os.read(0, 1 << 20)
        except BlockingIOError:
            return
        if not chunk:
            os._exit(0)  # whoever started this is gone
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
        filtered = settle(header["addresses"])
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
            except ImportError:
                pass
        renew()
        gc.collect()
        gc.freeze()
        self.send(number, {"filter": filtered})

    def do_start(self, number, header, payload):
        if self.pid is not None:
            raise Refused("busy", "a program is running")
        at = 0
        for path, kind, size in header["files"]:
            lay(path, payload[at : at + size], kind)
            at += size
        now = time.monotonic()
        out_r, out_w = os.pipe()
        err_r, err_w = os.pipe()
        ours, theirs = socket.socketpair()
        self.cpu_before = self.reaped_cpu()
        pid = os.fork()
        if pid == 0:
            raise Child(
                {
                    "out": out_w,
                    "err": err_w,
                    "channel": theirs.detach() if header["channel"] else None,
                    "limits": self.limits,
                    "code": self.codes.get(header.get("host")),
                    "argv": header.get("argv"),
                    "environment": header["environment"],
                    "settings": header["settings"],
                    "input": payload[at:],
                    "cwd": header["cwd"],
                }
            )
        os.close(out_w)
        os.close(err_w)
        theirs.close()
        self.pid = pid
        self.run_ends = now + header["wall"]
        for fd, key in ((out_r, "out"), (err_r, "err")):
            os.set_blocking(fd, False)
            self.watched[fd] = key
            self.sel.register(fd, selectors.EVENT_READ, lambda fd=fd, key=key: self.on_output(fd, key))
        if not header["channel"]:
            ours.close()
            self.send(number, {})
            return
        ours.setblocking(False)
        self.channel = ours
        self.sel.register(ours, selectors.EVENT_READ, self.on_frame)
        self.pending[number] = {"what": "call", "ends": now + header["within"], "cap": header["cap"]}

    def do_call(self, number, header, payload):
        self.need_program()
        if self.channel is None:
            raise Refused("died", "the program no longer answers")
        self.drain_channel()
        self.pending[number] = {"what": "call", "ends": time.monotonic() + header["within"], "cap": header["cap"]}
        try:
            self.channel.setblocking(True)
            self.channel.settimeout(header["within"])
            self.channel.sendall(struct.pack(">I", len(payload)) + payload)
            self.channel.setblocking(False)
        except OSError:
            self.lose_channel()

    def do_http(self, number, header, payload):
        self.need_program()
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.setblocking(False)
        op = {
            "what": "http",
            "ends": time.monotonic() + header["within"],
            "cap": header["cap"],
            "socket": s,
            "sent": payload,
            "left": memoryview(payload),
            "got": bytearray(),
            "until_close": header["until_close"],
        }
        self.pending[number] = op
        try:
            s.connect((header["address"], header["port"]))
        except BlockingIOError:
            pass
        except OSError as e:
            self.finish_http(number, op, error=str(e))
            return
        self.sel.register(s, selectors.EVENT_WRITE, lambda: self.on_http(number, op))

    def do_stat(self, number, header, payload):
        self.send(number, {"stat": look(header["path"])})

    def do_read(self, number, header, payload):
        content = take(header["path"], header["cap"])
        self.send(number, {"found": content is not None}, content or b"")

    def do_tree(self, number, header, payload):
        found = survey(header["path"], header["most"], header["deepest"])
        raw = json.dumps(found).encode("utf-8", "surrogateescape")
        self.send(number, {}, raw)

    def do_write(self, number, header, payload):
        lay(header["path"], payload, header["kind"])
        self.send(number, {})

    def do_listen(self, number, header, payload):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((header["address"], header["port"]))
            s.listen(16)
        except OSError as e:
            s.close()
            raise Refused("listen", f"{header['address']}:{header['port']}: {e.strerror}") from None
        s.setblocking(False)
        self.listeners.append(s)
        where = (header["address"], header["port"])
        self.sel.register(s, selectors.EVENT_READ, lambda: self.on_guest(s, where, payload))
        self.send(number, {})

    def do_received(self, number, header, payload):
        rows = [[r["address"], r["port"], len(r["got"]), r["time"]] for r in self.received]
        self.send(number, {"rows": rows}, b"".join(bytes(r["got"]) for r in self.received))

    def do_output(self, number, header, payload):
        out, err = bytes(self.kept["out"]), bytes(self.kept["err"])
        self.send(number, {"out": len(out), "truncated": self.truncated, "total": self.total}, out + err)

    def do_processes(self, number, header, payload):
        self.reap()
        count, threads, resident, _ = others()
        self.send(number, {"count": count, "threads": threads, "resident": resident, "cpu": self.cpu_seen})

    def do_wait(self, number, header, payload):
        """Replies when the program has ended and its output is drained, or at the time limit."""
        self.pending[number] = {"what": "wait", "ends": time.monotonic() + header["within"]}
        self.tick()

    def do_kill(self, number, header, payload):
        self.end_program(header.get("reason") or "killed")
        self.send(number, {})

    def do_end(self, number, header, payload):
        clean = kill_all(time.monotonic() + header["within"])
        for fd in [*self.watched, *([self.channel] if self.channel else []), *self.listeners]:
            self.sel.unregister(fd)
        for op in self.pending.values():
            if "socket" in op:
                self.forget(op["socket"])
        for r in self.received:
            self.forget(r["socket"])
        for fd in self.watched:
            os.close(fd)
        for s in (self.channel, *self.listeners):
            if s is not None:
                s.close()
        self.pending.clear()
        used = {"cpu": self.reaped_cpu() - self.cpu_before, "peak": self.peak}
        self.clear()
        try:
            renew()
        except OSError:
            clean = False
        self.send(number, {"clean": clean, **used})

    # events

    def need_program(self):
        if self.pid is None or self.status is not None or self.reason is not None:
            raise Refused("died", "the program has ended")

    def on_output(self, fd, key):
        try:
            chunk = os.read(fd, 1 << 18)
        except BlockingIOError:
            return
        if not chunk:
            self.sel.unregister(fd)
            del self.watched[fd]
            os.close(fd)
            return
        self.total += len(chunk)
        room = self.limits["output"] - len(self.kept[key])
        self.kept[key] += chunk[:room]
        if len(chunk) > room:
            self.truncated = True
        if self.total > self.limits["flood"] and self.reason is None:
            self.end_program("output")

    def drain_channel(self):
        """Frames that nobody asked for are thrown away before the next question."""
        self.frames.clear()
        try:
            while self.channel.recv(1 << 18):
                pass
        except OSError:
            pass

    def on_frame(self):
        try:
            chunk = self.channel.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self.lose_channel()
            return
        waiting = next(((n, op) for n, op in self.pending.items() if op["what"] == "call"), None)
        if waiting is None:
            return
        number, op = waiting
        self.frames += chunk
        if len(self.frames) < 4:
            return
        (size,) = struct.unpack(">I", self.frames[:4])
        if size > op["cap"]:
            del self.pending[number]
            self.end_program("answer too long")
            self.send(number, {"refused": "reply", "text": f"a reply of {size} bytes, over the cap of {op['cap']}"})
        elif len(self.frames) >= 4 + size:
            del self.pending[number]
            body = bytes(self.frames[4 : 4 + size])
            self.frames.clear()
            self.send(number, {}, body)

    def lose_channel(self):
        if self.channel is not None:
            self.sel.unregister(self.channel)
            self.channel.close()
            self.channel = None
        # The program itself normally ends in the same moment; its status is worth a short wait.
        deadline = time.monotonic() + 0.5
        while self.status is None and self.pid is not None and time.monotonic() < deadline:
            self.reap()
            if self.status is None:
                time.sleep(0.002)
        if self.status is None and self.reason is None:
            self.end_program("closed")
        self.fail_calls()

    def fail_calls(self):
        for number, op in list(self.pending.items()):
            if op["what"] == "call":
                del self.pending[number]
                self.send(number, {"refused": "died", "text": "the program ended before it answered"})

    def on_http(self, number, op):
        s = op["socket"]
        try:
            if op["left"]:
                op["left"] = op["left"][s.send(op["left"]) :]
                if not op["left"]:
                    self.sel.modify(s, selectors.EVENT_READ, lambda: self.on_http(number, op))
                return
            chunk = s.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError as e:
            if op["left"] and isinstance(e, (BrokenPipeError, ConnectionResetError)):
                # Refused in mid-sentence: what it said before closing is still worth reading.
                op["left"] = memoryview(b"")
                self.sel.modify(s, selectors.EVENT_READ, lambda: self.on_http(number, op))
                return
            self.finish_http(number, op, error=str(e))
            return
        op["got"] += chunk
        full = len(op["got"]) > op["cap"]
        if not chunk or full or (not op["until_close"] and answer_ends(op["sent"], bytes(op["got"]))):
            self.finish_http(number, op, truncated=full)

    def forget(self, s):
        if s.fileno() >= 0:
            try:
                self.sel.unregister(s)
            except KeyError:
                pass
            s.close()

    def finish_http(self, number, op, **header):
        self.pending.pop(number, None)
        self.forget(op["socket"])
        self.send(number, {"error": None, "truncated": False, **header}, bytes(op["got"][: op["cap"]]))

    def on_guest(self, listener, where, reply):
        try:
            s, _ = listener.accept()
        except OSError:
            return
        s.setblocking(False)
        if len(self.received) >= 1000 or self.received_bytes > (4 << 20):
            s.close()
            return
        row = {"address": where[0], "port": where[1], "got": bytearray(), "time": time.time(), "socket": s}
        self.received.append(row)
        self.sel.register(s, selectors.EVENT_READ, lambda: self.on_guest_bytes(row, reply))

    def on_guest_bytes(self, row, reply):
        s = row["socket"]
        try:
            chunk = s.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        room = max(0, (1 << 16) - len(row["got"]))
        row["got"] += chunk[:room]
        self.received_bytes += len(chunk)
        if chunk and b"\r\n\r\n" not in row["got"] and room > len(chunk):
            return
        try:
            if reply:
                s.settimeout(1.0)
                s.sendall(reply)
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.forget(s)

    def reaped_cpu(self):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def reap(self):
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.pid and self.status is None:
                    self.status = status
        except ChildProcessError:
            pass

    def end_program(self, reason):
        if self.reason is None and self.status is None:
            self.reason = reason
        kill_all(time.monotonic() + 2.0)
        if self.status is None:
            self.status = signal.SIGKILL

    def tick(self):
        if self.pid is None:
            return
        now = time.monotonic()
        self.reap()
        if self.reason is None:
            _, threads, resident, cpu = others()
            self.peak = max(self.peak, resident)
            self.cpu_seen = cpu + self.reaped_cpu() - self.cpu_before
            disk = os.statvfs("/srv")
            shm = os.statvfs("/dev/shm")
            if now > self.run_ends:
                self.end_program("timeout")
            elif threads >= self.limits["processes"] - 2:
                self.end_program("processes")
            elif resident > self.limits["memory"]:
                self.end_program("memory")
            elif self.cpu_seen > self.limits["cpu"]:
                self.end_program("cpu")
            elif disk.f_bavail == 0 or shm.f_bavail == 0 or disk.f_files - disk.f_ffree > MAX_ENTRIES:
                self.end_program("disk")
        for number, op in list(self.pending.items()):
            ended = self.status is not None or self.reason is not None
            if op["what"] == "wait" and ((ended and not self.watched) or now > op["ends"]):
                del self.pending[number]
                self.send(number, {"late": not ended})
            elif op["what"] == "call" and ended and self.channel is None:
                self.fail_calls()
            elif op["what"] == "call" and now > op["ends"]:
                del self.pending[number]
                self.end_program("timeout")
                self.send(number, {"refused": "late", "text": "no answer within the time limit"})
            elif op["what"] == "http" and (now > op["ends"] or (ended and self.reason)):
                if ended:
                    self.finish_http(number, op, error="the program was stopped")
                else:
                    self.finish_http(number, op, error="late", late=True)

    def serve(self):
        last = 0.0
        while True:
            wait = None if self.pid is None else TICK
            quick = any(op["what"] == "wait" for op in self.pending.values())
            for key, _ in self.sel.select(0.005 if quick else wait):
                # A callback may have closed a descriptor that a later event of the same round names.
                if key.fd in self.sel.get_map() and self.sel.get_map()[key.fd].data is key.data:
                    key.data()
            now = time.monotonic()
            if self.pid is not None and (quick or now - last >= TICK):
                last = now
                self.tick()


def become(spec):
    """In the forked child: descriptors, limits and environment of the program, then nothing of the parent is left."""
    os.setsid()
    null = os.open("/dev/null", os.O_RDONLY)
    if spec["input"]:
        # At most what a pipe holds (64 KiB) can be given without a writer.
        r, w = os.pipe()
        os.write(w, spec["input"])
        os.close(w)
        null = r
    keep = {0: null, 1: spec["out"], 2: spec["err"]}
    if spec["channel"] is not None:
        keep[3] = spec["channel"]
    high = {target: fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for target, fd in keep.items()}
    for target, fd in high.items():
        os.dup2(fd, target, inheritable=target < 3)
    os.closerange(len(keep), 1 << 16)
    limits = spec["limits"]
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(limits["cpu"]) + 1),
        (resource.RLIMIT_FSIZE, limits["file"]),
        (resource.RLIMIT_NOFILE, limits["descriptors"]),
        (resource.RLIMIT_AS, limits["address_space"]),
        (resource.RLIMIT_NPROC, limits["nproc"]),
    ):
        if value is not None:
            resource.setrlimit(what, (value, value))
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(spec["cwd"])
    prctl(4, 1)
    try:
        put("/proc/self/oom_score_adj", "1000")
    except OSError:
        pass
    os.environ.clear()
    os.environ.update(spec["environment"])


def main():
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


spec = main()
become(spec)
if spec["argv"]:
    os.execve(spec["argv"][0], spec["argv"], spec["environment"])
following = (spec["code"], spec["settings"])
