"""Reads text files line by line, plain or packed by gzip or zstandard, and says where one is cut off or not UTF-8."""

from __future__ import annotations

import gzip
import importlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from weighbridge.errors import DataError

LINE_LIMIT = 256 * 1024 * 1024
"""Bytes of one line; a longer one is no row of answers and would only fill the memory."""
START = 8192


def opened(path: Path) -> BinaryIO:
    """The file's bytes, unpacked.

    Raises:
        DataError: it is packed by zstandard and the package that unpacks it is not installed.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"\x1f\x8b":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if magic == b"\x28\xb5\x2f\xfd":
        try:
            arrow: Any = importlib.import_module("pyarrow")
        except ImportError as error:
            raise DataError(f"{path}: is packed by zstandard; unpack it (`zstd -d`) and import that") from error
        return cast(BinaryIO, arrow.CompressedInputStream(str(path), "zstd"))
    return path.open("rb")


def start(path: Path) -> bytes:
    """The first bytes, unpacked."""
    try:
        with opened(path) as file:
            return bytes(file.read(START))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); copy or export it again") from error


def lines(path: Path) -> Iterator[tuple[int, str | None, str]]:
    """Every line: its number from 1, its text with its line end, and what is wrong where the text is None."""
    number = 0
    try:
        with opened(path) as file:
            for number, raw in enumerate(_raw_lines(file), start=1):
                if len(raw) > LINE_LIMIT:
                    yield number, None, f"is longer than {LINE_LIMIT // 2**20} MB"
                    return
                try:
                    yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8"), ""
                except UnicodeDecodeError as error:
                    yield number, None, f"is not UTF-8 (byte {error.start} of the line)"
    except (OSError, EOFError, zlib.error) as error:
        yield number + 1, None, f"cannot be unpacked, the file is cut off or damaged ({str(error)[:100]})"


def _raw_lines(file: BinaryIO) -> Iterator[bytes]:
    readline = getattr(file, "readline", None)
    if readline is None or type(file).__module__.startswith("pyarrow"):
        yield from _split(file)
        return
    while line := readline(LINE_LIMIT + 1):
        yield line


def _split(file: BinaryIO) -> Iterator[bytes]:
    """Lines of a stream that has only ``read``."""
    rest = b""
    while block := file.read(1 << 20):
        *whole, rest = (rest + bytes(block)).split(b"\n")
        yield from (line + b"\n" for line in whole)
        if len(rest) > LINE_LIMIT:
            yield rest
            return
    if rest:
        yield rest
