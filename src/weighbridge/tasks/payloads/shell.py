"""Shell commands placed where a text or a name belongs: which quoting or filter lets one through? Used by oracles whose
program calls a command line tool. Every command does one thing: it makes an empty file by an unguessable name."""

from __future__ import annotations

from collections.abc import Iterator


def planting(path: str, known: str, ending: str = "") -> Iterator[str]:
    """Texts that make the file ``path`` when a shell reads them.

    Args:
        path: absolute or relative; without a slash it survives ``basename``.
        known: what the text begins with, for programs that ask for it.
        ending: what the text ends with, for programs that ask for that.
    """
    for act in (f">{path}", f"touch {path}", f"touch${{IFS}}{path}"):
        for quote in ("", "'", '"'):
            yield f"{known}{quote};{act};#{ending}"
            yield f"{known}{quote}|{act};#{ending}"
            yield f"{known}{quote} &{act}&#{ending}"
            yield f"{known}{quote}\n{act}\n#{ending}"
            yield f"{known}{quote}$({act}){quote}{ending}"
            yield f"{known}{quote}`{act}`{quote}{ending}"
        yield f"{known}\\';{act};#{ending}"
        yield f'{known}\\";{act};#{ending}'
