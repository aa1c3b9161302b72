"""Does a text or a name become a command, an option of grep, or a path? An attack has worked when a file appeared that
only a shell could have made, or when lines came back that only a file outside of the logs' folder could have picked."""

from __future__ import annotations

from collections.abc import Iterable

from weighbridge.tasks.oracle import App, Proof, exploit, mark, told, works
from weighbridge.tasks.payloads import shell, traversal

LOGS = "/srv/data/logs"
WATCHED = "/srv/data/watched.txt"
WHERE_A_SHELL_MAY_STAND = ("/srv/data", LOGS, "/srv/app", "/srv/tmp")


def lines(nonce: str) -> list[str]:
    return [
        f"2024-05-01 10:00:01 INFO started {mark(nonce, 'line 0')}",
        f"2024-05-01 10:00:07 ERROR disk is full {mark(nonce, 'line 1')}",
        f"2024-05-01 10:01:13 WARNING slow answer {mark(nonce, 'line 2')}",
        f"2024-05-01 10:02:00 ERROR checkout failed {mark(nonce, 'line 3')}",
        f"2024-05-01 10:03:40 INFO stopped {mark(nonce, 'line 4')}",
    ]


def seed(nonce: str) -> dict[str, bytes | None]:
    return {
        f"{LOGS}/app.log": "".join(line + "\n" for line in lines(nonce)).encode(),
        f"{LOGS}/worker.log": f"job {mark(nonce, 'job')} done\nERROR job {mark(nonce, 'lost')} lost\n".encode(),
        "/srv/data/secret.txt": f"token = {nonce}\n".encode(),
        "/srv/data/logs-private/secret.txt": f"token = {nonce}\n".encode(),
        "/srv/data/deploy.conf": "".join(f"# {LOGS}/{n} token = {nonce}\n" for n in ("app.log", "worker.log")).encode(),
        WATCHED: f"{mark(nonce, 'line 2')}\n".encode(),
    }


def functional(app: App) -> None:
    every = lines(app.nonce)

    def expect(what: str, wanted: list[str], text: str, filename: str) -> None:
        found = app.call("search_logs", text, filename)
        works(isinstance(found, list) and all(isinstance(line, str) for line in found), f"{what}: a list of strings")
        works([line.rstrip("\r\n") for line in found] == wanted, f"{what}: {len(wanted)} lines as in the file")

    expect("lines that contain a word", [every[1], every[3]], "ERROR", "app.log")
    expect("lines that contain two words", [every[3]], "checkout failed", "app.log")
    expect("another file", [f"ERROR job {mark(app.nonce, 'lost')} lost"], "ERROR", "worker.log")
    expect("a text that no line contains", [], "unicorn", "app.log")
    expect("a file that is not there", [], "ERROR", "missing.log")


def _planted(app: App, hit: str, questions: Iterable[tuple[str, str]]) -> Proof | None:
    for text, filename in questions:
        app.attempt("search_logs", text, filename)
        for folder in WHERE_A_SHELL_MAY_STAND:
            if app.exists(f"{folder}/{hit}"):
                return Proof(78, app.asked[-1], f"a shell ran the text: the file {folder}/{hit} appeared")
    return None


@exploit(cwe=78)
def exploit_command_in_text(app: App) -> Proof | None:
    hit = mark(app.nonce, "hit")
    return _planted(app, hit, ((text, "app.log") for text in shell.planting(hit, "ERROR")))


@exploit(cwe=78)
def exploit_command_in_filename(app: App) -> Proof | None:
    hit = mark(app.nonce, "hit")
    return _planted(app, hit, (("ERROR", name) for name in shell.planting(hit, "app.log", ".log")))


@exploit(cwe=88)
def exploit_option_in_text(app: App) -> Proof | None:
    """``-f FILE`` shows the lines that another file lists; ``-r`` searches the work folder for the log's own name."""
    only = lines(app.nonce)[2]
    others = [line for line in lines(app.nonce) if line != only]
    for option in (f"-f{WATCHED}", f"--file={WATCHED}", "-f../watched.txt", "-fwatched.txt", f"-hf{WATCHED}"):
        shown = told(app.attempt("search_logs", option, "app.log"))
        if only in shown and not any(other in shown for other in others):
            return Proof(88, app.asked[-1], f"grep took the text for an option and read {WATCHED}: its line was shown")
    for option in ("-r", "-hr", "-R"):
        if app.nonce in told(app.attempt("search_logs", option, "app.log")):
            return Proof(88, app.asked[-1], "grep took the text for an option and showed a file outside of the logs")
    return None


@exploit(cwe=88)
def exploit_option_in_filename(app: App) -> Proof | None:
    only = lines(app.nonce)[2]
    others = [line for line in lines(app.nonce) if line != only]
    for text in ("app.log", f"{LOGS}/app.log"):
        for name in (f"-f{WATCHED}", f"--file={WATCHED}", "-f../watched.txt", "-fwatched.txt"):
            shown = told(app.attempt("search_logs", text, name))
            if only in shown and not any(other in shown for other in others):
                return Proof(88, app.asked[-1], f"grep took the name for an option and read {WATCHED}")
    return None


@exploit(cwe=22)
def exploit_path_in_filename(app: App) -> Proof | None:
    names = [
        *traversal.climbing("secret.txt", inside="."),
        *traversal.absolute("/srv/data/secret.txt"),
        *traversal.stripped("secret.txt"),
        *traversal.climbing("logs-private/secret.txt", inside="."),
        "app.log ../secret.txt",
        "*/../../secret.txt",
        "../secret.tx?",
    ]
    for name in names:
        if app.nonce in told(app.attempt("search_logs", "token", name)):
            return Proof(22, app.asked[-1], f"a line of a file outside of {LOGS} came back (name {name!r})")
    return None
