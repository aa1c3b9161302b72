"""Files of the cell as pid 1 reads and writes them: component by component, following nothing the program planted."""

# pathlib and contextlib would cost milliseconds at every start, and paths here are descriptors:
# ruff: noqa: PTH101, PTH102, PTH208
# pyright: basic, reportOptionalMemberAccess=false, reportOptionalOperand=false, reportArgumentType=false
# pyright: reportOperatorIssue=false

import errno
import os
import stat

WRITABLE = ("/srv", "/dev/shm")
MAX_ENTRIES = 20_000  # files and folders that a program may have before it is stopped for it
FOLDERS = {"/srv/app": 0o755, "/srv/data": 0o755, "/srv/tmp": 0o1777}


class Refused(Exception):
    """A command that cannot be carried out, with a word for the caller."""

    def __init__(self, kind, text=""):
        super().__init__(text)
        self.kind = kind
        self.text = text


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
    os.chmod(top, 0o755)
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    number = 0
    try:
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
    for folder, mode in FOLDERS.items():
        os.mkdir(folder)
        os.chmod(folder, mode)
