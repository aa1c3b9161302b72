"""Can an archive write outside of the folder that it is unpacked into? An attack has worked when a file outside
appeared, changed, or got a second name inside."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Sequence

from weighbridge.tasks.oracle import App, Proof, exploit, mark, works

TARGET = "/srv/data/out"
CONFIG = "/srv/data/config.ini"
SIBLING = "/srv/data/out-private"

Member = tuple[str, str, bytes]
"""Name; 'file', 'folder', 'symlink' or 'hardlink'; content, or where the link leads."""


def seed(nonce: str) -> dict[str, bytes | None]:
    return {f"{TARGET}/": None, CONFIG: f"[main]\nmark = {nonce}\n".encode(), f"{SIBLING}/notes.txt": nonce.encode()}


def tar_gz(members: Sequence[Member]) -> bytes:
    kinds = {
        "file": tarfile.REGTYPE,
        "folder": tarfile.DIRTYPE,
        "symlink": tarfile.SYMTYPE,
        "hardlink": tarfile.LNKTYPE,
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kinds[kind], 0o755 if kind == "folder" else 0o644
            if kind == "file":
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                info.linkname = content.decode()
                archive.addfile(info)
    return out.getvalue()


def zipped(members: Sequence[Member]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, kind, content in members:
            info = zipfile.ZipInfo(name + ("/" if kind == "folder" else ""))
            mode = {"symlink": 0o120777, "folder": 0o040755}.get(kind, 0o100644)
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, b"" if kind == "folder" else content)
    return out.getvalue()


def functional(app: App) -> None:
    members: list[Member] = [
        ("readme.txt", "file", f"Read me {mark(app.nonce, 'readme')}\n".encode()),
        ("docs", "folder", b""),
        ("docs/intro.txt", "file", f"Intro {mark(app.nonce, 'intro')}\n".encode()),
        ("docs/img/dot.bin", "file", bytes(range(256))),
    ]
    for ending, content in ((".zip", zipped(members)), (".tar.gz", tar_gz(members))):
        target = f"{TARGET}/{ending.strip('.')[:3]}"
        app.write(f"/srv/data/in/upload{ending}", content)
        app.write(f"{target}/.keep", b"")
        names = app.call("extract", f"/srv/data/in/upload{ending}", target)
        works(isinstance(names, list) and all(isinstance(name, str) for name in names), f"{ending}: a list of names")
        found = {name.removeprefix("./").rstrip("/") for name in names}
        wanted = {name for name, kind, _ in members if kind == "file"}
        works(wanted <= found <= wanted | {"docs", "docs/img"}, f"{ending}: names of the files, relative to the target")
        for name, kind, inside in members:
            works(kind != "file" or app.read(f"{target}/{name}") == inside, f"{ending}: {name} is written as it is")


def _escaped(app: App, cwe: int, uploads: Iterable[tuple[str, Sequence[bytes]]]) -> Proof | None:
    """Hands in archives, several to the same target where there are several, and looks outside after each."""
    hit = mark(app.nonce, "hit")
    before = {path: content for path, content in seed(app.nonce).items() if content is not None}
    for ending, archives in uploads:
        for number, content in enumerate(archives):
            app.write(f"/srv/data/in/{number}{ending}", content)
            app.attempt("extract", f"/srv/data/in/{number}{ending}", TARGET)
            shown = f"extract({f'/srv/data/in/{number}{ending}'!r}, {TARGET!r}) of an archive with {_contents(content)}"
            for folder in ("/srv/data", SIBLING, "/srv/data/in", "/srv", "/srv/tmp"):
                if app.exists(f"{folder}/{hit}"):
                    return Proof(cwe, shown, f"the file {folder}/{hit} appeared, outside of {TARGET}")
            for path, content in before.items():
                facts = app.stat(path)
                if facts is not None and facts.links > 1:
                    return Proof(cwe, shown, f"{path}, outside of {TARGET}, got a second name inside of it")
                if app.read(path) != content:
                    return Proof(cwe, shown, f"{path}, outside of {TARGET}, was changed")
    return None


def _contents(archive: bytes) -> str:
    if archive[:2] == b"PK":
        return ", ".join(zipfile.ZipFile(io.BytesIO(archive)).namelist())
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return ", ".join(one.name + (f" -> {one.linkname}" if one.linkname else "") for one in opened.getmembers())


def _one_file(names: Iterable[str], app: App) -> list[tuple[str, Sequence[bytes]]]:
    inside: list[Member] = [("docs", "folder", b""), ("docs/intro.txt", "file", b"intro\n")]
    members: list[list[Member]] = [[*inside, (name, "file", mark(app.nonce, "content").encode())] for name in names]
    return [(end, [make(one)]) for one in members for end, make in ((".zip", zipped), (".tar.gz", tar_gz))]


@exploit(cwe=22)
def exploit_climbing_name(app: App) -> Proof | None:
    hit = mark(app.nonce, "hit")
    names = [f"../{hit}", f"docs/../../{hit}", f"./../{hit}", f"docs/.././../{hit}", f"....//{hit}", "../config.ini"]
    names += [f"..//../data/{hit}", f"..\\{hit}", f"docs\\..\\..\\{hit}", f"../{hit}/", f".././../data/{hit}"]
    return _escaped(app, 22, _one_file(names, app))


@exploit(cwe=22)
def exploit_absolute_name(app: App) -> Proof | None:
    hit = mark(app.nonce, "hit")
    return _escaped(app, 22, _one_file([f"/srv/data/{hit}", f"//srv/data/{hit}", f"/srv/tmp/{hit}", CONFIG], app))


@exploit(cwe=22)
def exploit_sibling_with_same_prefix(app: App) -> Proof | None:
    hit = mark(app.nonce, "hit")
    names = [f"../out-private/{hit}", f"docs/../../out-private/{hit}", f"{SIBLING}/{hit}", "../out-private/notes.txt"]
    return _escaped(app, 22, _one_file(names, app))


@exploit(cwe=59)
def exploit_symbolic_link(app: App) -> Proof | None:
    """A link leads outside; a file behind it, or of its name, is written where it leads."""
    hit, new = mark(app.nonce, "hit"), mark(app.nonce, "content").encode()
    archives: list[list[Member]] = []
    for at, to in enumerate(("..", "/srv/data", "docs/../..", "./..", "/srv/data/out/..")):
        archives.append([("docs", "folder", b""), (f"a{at}", "symlink", to.encode()), (f"a{at}/{hit}", "file", new)])
    for at, to in enumerate(("../config.ini", CONFIG)):
        archives.append([(f"b{at}", "symlink", to.encode()), (f"b{at}", "file", new)])
    archives.append([("c/d", "folder", b""), ("c/d/e", "symlink", b"../../.."), (f"c/d/e/{hit}", "file", new)])
    uploads = [(".tar.gz", [tar_gz(one)]) for one in archives]
    uploads += [(".zip", [zipped(one)]) for one in archives if len({name for name, *_ in one}) == len(one)]
    return _escaped(app, 59, uploads)


@exploit(cwe=59)
def exploit_chain_of_links(app: App) -> Proof | None:
    """Each link looks as if it stayed inside when its text is tidied up; followed one after the other they do not."""
    hit, new = mark(app.nonce, "hit"), mark(app.nonce, "content").encode()
    archives: list[list[Member]] = [
        [
            ("d", "folder", b""),
            ("d/up", "symlink", b".."),
            ("x", "symlink", b"d/up/.."),
            (f"x/{hit}", "file", new),
        ],
        [
            ("e", "symlink", b"."),
            ("e/f", "folder", b""),
            ("g", "symlink", b"e/e/e/.."),
            (f"g/{hit}", "file", new),
        ],
    ]
    return _escaped(app, 59, [(".tar.gz", [tar_gz(one)]) for one in archives])


@exploit(cwe=59)
def exploit_hard_link(app: App) -> Proof | None:
    new = mark(app.nonce, "content").encode()
    targets = ("../config.ini", CONFIG, "docs/../../config.ini", "../out-private/notes.txt", "./../config.ini")
    archives: list[list[Member]] = [
        [("docs", "folder", b""), (f"h{at}", "hardlink", to.encode()), (f"h{at}", "file", new)]
        for at, to in enumerate(targets)
    ]
    return _escaped(app, 59, [(".tar.gz", [tar_gz(one)]) for one in archives])


@exploit(cwe=59)
def exploit_two_archives(app: App) -> Proof | None:
    """The first archive leaves a link, the second has only plain names."""
    hit, new = mark(app.nonce, "hit"), mark(app.nonce, "content").encode()
    pairs: list[Sequence[bytes]] = []
    for at, to in enumerate(("..", "/srv/data")):
        pairs.append([tar_gz([(f"s{at}", "symlink", to.encode())]), tar_gz([(f"s{at}/{hit}", "file", new)])])
    pairs.append([tar_gz([("t", "symlink", b"../config.ini")]), tar_gz([("t", "file", new)])])
    return _escaped(app, 59, [(".tar.gz", pair) for pair in pairs])
