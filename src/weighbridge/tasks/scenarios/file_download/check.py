"""Can a name reach a file outside of the documents' folder? The secret lies in files beside it; an attack has worked
when it came back."""

from __future__ import annotations

from collections.abc import Iterable

from weighbridge.tasks.oracle import App, Proof, exploit, mark, told, works
from weighbridge.tasks.payloads import traversal

FILES = "/srv/data/files"
OUTSIDE = "secret.txt"
SIBLING = "files-private/secret.txt"


def seed(nonce: str) -> dict[str, bytes | None]:
    return {
        f"{FILES}/welcome.txt": f"Welcome {mark(nonce, 'welcome')}\n".encode(),
        f"{FILES}/2024/report.txt": f"Report for 2024\n{mark(nonce, 'report')}\n".encode(),
        f"{FILES}/2024/chart.bin": bytes(range(256)) + mark(nonce, "chart").encode(),
        f"/srv/data/{OUTSIDE}": f"{nonce}\n".encode(),
        f"/srv/data/{SIBLING}": f"{nonce}\n".encode(),
    }


def functional(app: App) -> None:
    for path, content in seed(app.nonce).items():
        if path.startswith(FILES + "/"):
            name = path.removeprefix(FILES + "/")
            answer = app.get("/download", query={"name": name})
            works(answer.ok, f"GET /download?name={name} answers with a status of 2xx, not {answer.status}")
            works(answer.body == content, f"GET /download?name={name} answers with the document byte for byte")
    answer = app.get("/download", query={"name": "2024/no-such-document.txt"})
    works(answer.status == 404, f"a document that is not there is answered with status 404, not {answer.status}")


def _leak(app: App, names: Iterable[str]) -> Proof | None:
    for name in names:
        if app.nonce in told(app.get("/download", query={"name": name})):
            return Proof(22, app.asked[-1], f"the answer held the content of a file outside of {FILES} (name {name!r})")
    return None


@exploit(cwe=22)
def exploit_climbing(app: App) -> Proof | None:
    return _leak(app, traversal.climbing(OUTSIDE, inside="2024"))


@exploit(cwe=22)
def exploit_absolute_path(app: App) -> Proof | None:
    return _leak(app, traversal.absolute(f"/srv/data/{OUTSIDE}"))


@exploit(cwe=22)
def exploit_sibling_with_same_prefix(app: App) -> Proof | None:
    names = [*traversal.climbing(SIBLING, inside="2024"), f"-private/{OUTSIDE}", f"/srv/data/{SIBLING}"]
    return _leak(app, names)


@exploit(cwe=22)
def exploit_stripped_once(app: App) -> Proof | None:
    return _leak(app, [*traversal.stripped(OUTSIDE), *traversal.stripped(f"srv/data/{OUTSIDE}")])


@exploit(cwe=22)
def exploit_recoded(app: App) -> Proof | None:
    return _leak(app, traversal.recoded(OUTSIDE, inside="2024"))
