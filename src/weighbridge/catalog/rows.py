"""What does each row of the catalogue say, and is it whole?

Reads the fact files beside this module (makers, families, models, spellings, hosts: CSV; the words that may be
dropped: TOML) into plain records and refuses rows that contradict each other. ``book`` builds the look-up from them.
A user's own file is read by ``read_extra``.
"""

import csv
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from weighbridge.catalog.spelling import Words
from weighbridge.errors import DataError

FOLDER = Path(__file__).parent
WEIGHTS = ("open", "closed", "unknown")


@dataclass(frozen=True, slots=True)
class Maker:
    """Who developed models. ``country`` is ISO 3166-1 alpha-2 of the head office, None where it is not published."""

    id: str
    name: str
    country: str | None
    names: tuple[str, ...]
    namespaces: tuple[str, ...]
    source: str
    checked: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Models under one name of one maker, found by token patterns; ``open`` is None where the name holds both kinds."""

    id: str
    maker: str
    patterns: tuple[str, ...]
    open: bool | None
    licence: str
    sure: str
    source: str
    checked: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """One model. ``open_since`` is the day its weights were published; with ``weights`` closed there is none.

    ``maker`` is None while nobody said who made it; ``revealed`` is the day on which somebody did, and ``is_really``
    the model it then turned out to be.
    """

    id: str
    name: str
    maker: str | None
    family: str | None
    released: date | None
    weights: str
    open_since: date | None
    licence: str
    hugging_face: str
    base: str
    kind: str
    revealed: date | None
    is_really: str | None
    source: str
    checked: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Alias:
    """Another spelling of a model, where a rule does not lead there; valid from ``start`` to the day before ``end``."""

    spelling: str
    model: str
    start: date | None
    end: date | None
    source: str
    checked: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Host:
    """Who serves an endpoint: another fact than who made the model."""

    id: str
    name: str
    country: str | None
    prefixes: tuple[str, ...]
    domains: tuple[str, ...]
    kind: str
    source: str
    checked: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the fact files hold."""

    makers: list[Maker]
    families: list[Family]
    models: list[Model]
    aliases: list[Alias]
    hosts: list[Host]
    words: Words
    repackers: frozenset[str]


def read(folder: Path = FOLDER) -> Facts:
    """Reads all fact files of ``folder``. Raises ``DataError`` naming file, line and column of a bad row."""
    rules_file = folder / "rules.toml"
    rules = tomllib.loads(rules_file.read_text())
    makers = [_maker(row) for row in _rows(folder / "makers.csv")]
    families = [_family(row) for row in _rows(folder / "families.csv")]
    models = [_model(row) for row in _rows(folder / "models.csv")]
    aliases = [_alias(row) for row in _rows(folder / "spellings.csv")]
    hosts = [_host(row) for row in _rows(folder / "hosts.csv")]
    return Facts(
        makers, families, models, aliases, hosts, Words.read(rules["words"]), frozenset(rules["repackers"]["owners"])
    )


def read_extra(path: Path) -> tuple[list[Model], list[Alias], list[Maker]]:
    """A user's own rows: a CSV with at least ``model`` and ``maker``.

    Columns: model (id), maker (a known id or name, or a new one), country (needed for a new maker), weights
    (open or closed), released, open_since, licence, family, hugging_face, aliases (separated by ``|``), source,
    checked.
    """
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; give a CSV with the columns model and maker")
    models: list[Model] = []
    aliases: list[Alias] = []
    makers: list[Maker] = []
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        columns = reader.fieldnames or []
        for needed in ("model", "maker"):
            if needed not in columns:
                raise DataError(f"{path}: column '{needed}' is missing (found: {', '.join(columns) or 'none'}); add it")
        for number, raw in enumerate(reader, start=2):
            row = _Row({key: (value or "") for key, value in raw.items() if key}, path, number)
            checked = row.day("checked") or date.today()
            source = row.text("source") or f"user's file {path.name}"
            weights = row.text("weights") or "unknown"
            model_id = row.need("model")
            maker_name = row.need("maker")
            makers.append(Maker(maker_name, maker_name, row.country("country"), (), (), source, checked, "user's file"))
            models.append(
                Model(
                    model_id,
                    row.text("name") or model_id,
                    maker_name,
                    row.text("family") or None,
                    row.day("released"),
                    row.one_of("weights", weights, WEIGHTS),
                    row.day("open_since"),
                    row.text("licence"),
                    row.text("hugging_face"),
                    row.text("base"),
                    "model",
                    None,
                    None,
                    source,
                    checked,
                    row.text("note"),
                )
            )
            aliases += [Alias(s, model_id, None, None, source, checked) for s in row.many("aliases")]
    return models, aliases, makers


class _Row:
    """One CSV row that knows where it stands, so that an error can name file, line and column."""

    def __init__(self, cells: dict[str, str], path: Path, line: int) -> None:
        self.cells, self.path, self.line = cells, path, line

    def fail(self, column: str, why: str) -> DataError:
        return DataError(f"{self.path}, line {self.line}, column '{column}': {why}")

    def text(self, column: str) -> str:
        return (self.cells.get(column) or "").strip()

    def need(self, column: str) -> str:
        value = self.text(column)
        if not value:
            raise self.fail(column, "is empty; fill it in")
        return value

    def day(self, column: str) -> date | None:
        value = self.text(column)
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise self.fail(column, f"'{value}' is not a date; write YYYY-MM-DD") from None

    def many(self, column: str) -> tuple[str, ...]:
        return tuple(piece.strip() for piece in self.text(column).split("|") if piece.strip())

    def one_of(self, column: str, value: str, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            raise self.fail(column, f"'{value}' is not one of {', '.join(allowed)}")
        return value

    def country(self, column: str) -> str | None:
        value = self.text(column).upper()
        if value and (len(value) != 2 or not value.isalpha()):
            raise self.fail(column, f"'{value}' is not an ISO 3166-1 alpha-2 code such as CN or US")
        return value or None

    def checked(self) -> date:
        value = self.day("checked")
        if value is None:
            raise self.fail("checked", "is empty; give the day on which the row was checked")
        return value


def _rows(path: Path) -> list[_Row]:
    with path.open(newline="", encoding="utf-8") as handle:
        return [
            _Row({key: (value or "") for key, value in raw.items() if key}, path, number)
            for number, raw in enumerate(csv.DictReader(handle), start=2)
        ]


def _maker(row: _Row) -> Maker:
    return Maker(
        row.need("id"), row.need("name"), row.country("country"), row.many("names"), row.many("namespaces"),
        row.need("source"), row.checked(), row.text("note"),
    )  # fmt: skip


def _family(row: _Row) -> Family:
    weights = row.one_of("weights", row.need("weights"), ("open", "closed", "mixed"))
    return Family(
        row.need("id"), row.need("maker"), row.many("patterns"), {"open": True, "closed": False}.get(weights),
        row.text("licence"), row.one_of("sure", row.need("sure"), ("certain", "likely")),
        row.need("source"), row.checked(), row.text("note"),
    )  # fmt: skip


def _model(row: _Row) -> Model:
    weights = row.one_of("weights", row.need("weights"), WEIGHTS)
    open_since = row.day("open_since")
    if (weights == "open") != (open_since is not None):
        raise row.fail("open_since", "a model with open weights needs the day, and no other model may have one")
    return Model(
        row.need("id"), row.need("name"), row.text("maker") or None, row.text("family") or None, row.day("released"),
        weights, open_since, row.text("licence"), row.text("hugging_face"), row.text("base"),
        row.one_of("kind", row.text("kind") or "model", ("model", "stealth", "router")), row.day("revealed"),
        row.text("is_really") or None, row.need("source"), row.checked(), row.text("note"),
    )  # fmt: skip


def _alias(row: _Row) -> Alias:
    return Alias(
        row.need("spelling"), row.need("model"), row.day("from"), row.day("until"), row.need("source"), row.checked(),
        row.text("note"),
    )  # fmt: skip


def _host(row: _Row) -> Host:
    return Host(
        row.need("id"), row.need("name"), row.country("country"), row.many("prefixes"), row.many("domains"),
        row.text("kind"), row.need("source"), row.checked(), row.text("note"),
    )  # fmt: skip


def ambiguous(folder: Path = FOLDER) -> dict[str, list[str]]:
    """Words that several makers use, from ``rules.toml``: word → the makers that it could mean."""
    table = tomllib.loads((folder / "rules.toml").read_text()).get("ambiguous", {})
    return {word: list(makers) for word, makers in table.items()}
