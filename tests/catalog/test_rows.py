"""The shipped rows are whole, and a user's own rows win."""

import csv
import shutil
from datetime import date
from pathlib import Path

import pytest

from weighbridge import catalog
from weighbridge.catalog import rows
from weighbridge.errors import DataError

BOOK = catalog.load()


def copied(tmp_path: Path) -> Path:
    for file in (*rows.FOLDER.glob("*.csv"), rows.FOLDER / "rules.toml"):
        shutil.copy(file, tmp_path / file.name)
    return tmp_path


def test_every_row_names_its_source_and_the_day_it_was_checked() -> None:
    facts = BOOK.facts
    for row in (*facts.makers, *facts.families, *facts.models, *facts.aliases, *facts.hosts):
        assert row.source, row
        assert date(2026, 1, 1) <= row.checked <= date.today(), row


def test_every_source_is_an_address_or_is_described() -> None:
    with (rows.FOLDER / "sources.csv").open(newline="") as handle:
        described = {row["id"] for row in csv.DictReader(handle)}
    used = {row.source for row in (*BOOK.facts.models, *BOOK.facts.aliases, *BOOK.facts.families, *BOOK.facts.makers)}
    assert {source for source in used if not source.startswith("https://")} - described == set()


def test_weights_were_not_published_before_the_model() -> None:
    wrong = [m.id for m in BOOK.models.values() if m.open_since and m.released and m.open_since < m.released]
    assert wrong == []


def test_no_model_is_dated_in_the_future_or_before_large_models() -> None:
    wrong = [m.id for m in BOOK.models.values() if m.released and not date(2022, 1, 1) <= m.released <= date.today()]
    assert wrong == []


def test_every_model_that_is_no_stealth_model_or_router_has_a_maker() -> None:
    assert [m.id for m in BOOK.models.values() if m.kind == "model" and m.maker is None] == []


def test_every_family_pattern_finds_its_own_family_or_a_model_of_its_maker() -> None:
    for family in BOOK.facts.families:
        for pattern in family.patterns:
            name = pattern.replace("#", "9").replace("%", "9b") + " zz"
            match = BOOK.find(name)
            assert match is not None and match.maker == family.maker, (family.id, pattern, match)


def test_every_id_and_name_finds_its_own_row() -> None:
    for model in BOOK.models.values():
        match = BOOK.find(model.id, hindsight=True)
        assert match is not None and match.model in (model.id, model.is_really), (model.id, match)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("models.csv", ",open,2025-01-20,", ",open,,", "open_since"),
        ("models.csv", ",deepseek,deepseek,2025-01-20,", ",deepsick,deepseek,2025-01-20,", "unknown maker 'deepsick'"),
        ("models.csv", "2025-01-20", "20.1.2025", "not a date"),
        ("makers.csv", "DeepSeek,CN,", "DeepSeek,China,", "alpha-2"),
        ("families.csv", "llama,meta,llama|", "llama,meta,llama|claude|", "'claude' stands in"),
        ("spellings.csv", "openrouter/auto,openrouter-auto", "openrouter/auto,no-such-model", "no-such-model"),
    ],
)
def test_a_broken_row_is_refused_with_its_file_and_column(
    tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    folder = copied(tmp_path)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    with pytest.raises(DataError, match=told) as caught:
        catalog.load(None, folder)
    assert file in str(caught.value)


def test_a_users_rows_win_and_may_bring_a_new_maker(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        "model,maker,country,weights,open_since,licence,aliases\n"
        "owl-alpha,Meituan,,closed,,proprietary,openrouter/owl-alpha\n"
        "acme-1,Acme,NO,open,2026-01-02,MIT,acme/one|the acme model\n"
    )
    book = catalog.load(own)
    owl, acme = book.find("openrouter/owl-alpha"), book.find("The Acme Model", on=date(2026, 1, 1))
    assert owl is not None and acme is not None
    assert (owl.maker, owl.origin) == ("longcat", "proprietary_cn")
    assert (acme.country, acme.open) == ("NO", False)
    shipped = catalog.load().find("openrouter/owl-alpha")
    assert shipped is not None and shipped.maker is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model\nx\n", "column 'maker' is missing"),
        ("model,maker,weights\nx,Acme,ajar\n", "line 2, column 'weights'"),
        ("model,maker,country\nx,DeepSeek,US\n", "which the catalogue has as CN"),
        ("model,maker,released\nx,Acme,soon\n", "not a date"),
    ],
)
def test_a_users_bad_file_is_told_by_line_and_column(tmp_path: Path, text: str, told: str) -> None:
    own = tmp_path / "own.csv"
    own.write_text(text)
    with pytest.raises(DataError, match=told):
        catalog.load(own)
