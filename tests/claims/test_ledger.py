"""A ledger is data: the shipped one is whole, and a bad one is one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from weighbridge import catalog
from weighbridge.claims import check, shipped, user_file
from weighbridge.claims.check import functions
from weighbridge.claims.evidence import Evidence
from weighbridge.claims.ledger import together
from weighbridge.errors import DataError

GOOD = """
[[claim]]
id = "mine"
claim = "The file holds 3 rows of x, which are 60 % of it."
publisher = "us"
published_on = "2026-01"
source = "here"
definition = "rows"
why = "because"
recompute = "table.value"
arguments = { file = "t.csv", column = "n", where = { k = "x" }, of = {}, figure = "share" }
[[claim.figures]]
name = "share"
text = "60 %"
value = 60
digits = 0
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ledger.toml"
    path.write_text(text)
    return path


def evidence(folder: Path) -> Evidence:
    return Evidence(folder, catalog.load())


def test_the_shipped_ledger_covers_every_row_of_the_reference() -> None:
    claims = together(shipped())
    said = " ".join(claim.id for claim in claims)
    for row in (
        "ai-index-2026-march",
        "ai-index-2025-february",
        "ai-index-2026-february-2025",
        "january-2024",
        "lead-changes",
        "a16z-openrouter",
        "openrouter-rankings",
        "startups",
        "qwen-700",
        "booz-allen",
        "crowdstrike",
        "epoch-months",
        "caisi-deepseek-v4",
        "caisi-deepseek-cost",
        "nber",
    ):
        assert row in said
    assert all(claim.in_fairness for claim in claims if claim.recompute and claim.publisher != "OpenRouter rankings")
    assert all(claim.recompute in functions() for claim in claims if claim.recompute)


def test_a_claim_of_ones_own_is_recomputed_with_its_data_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("k,n\nx,1\nx,1\nx,1\ny,2\n")
    one = check(user_file(written(tmp_path, GOOD)), evidence(tmp_path))[0]
    assert one.verdict == "reproduced"
    assert one.data[0][0] == "t.csv"
    assert len(one.data[0][1]) == 64


def test_missing_data_is_not_checkable_and_says_which_file(tmp_path: Path) -> None:
    one = check(user_file(written(tmp_path, GOOD)), evidence(tmp_path))[0]
    assert one.verdict == "not checkable"
    assert one.missing == "t.csv is not in the data folder"
    assert one.recomputed.figures == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "mine"', 'id = "Mine!"', "claim Mine!, id"),
        ('why = "because"\n', "", "claim mine, why: Field required"),
        ('why = "because"', 'why = "because"\nverdict = "reproduced"', "verdict: Extra inputs are not permitted"),
        ("digits = 0", "", "needs value and digits together"),
        ("digits = 0", "digits = 0\nat_least = 3", "keep one"),
        ('recompute = "table.value"', 'missing = ""', "claim mine, claim: a claim without `recompute` needs `missing`"),
        ('"2026-01"', '"January"', "published_on"),
        ("[[claim]]", "stray = 1\n[[claim]]", r"stands beside \[\[claim\]\]: stray"),
        ('source = "here"', "source = ", "cannot be read as TOML"),
    ],
)
def test_a_bad_ledger_is_one_error_that_names_the_claim_and_the_field(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in GOOD
    with pytest.raises(DataError, match=said):
        user_file(written(tmp_path, GOOD.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("table.value", "table.invented", "there is no 'table.invented' \\(known: .*arena.gap_in"),
        ("table.value", "os.system", "there is no 'os.system'"),
        ('column = "n"', 'colum = "n"', "arguments: .*table.value takes file, column"),
        ('"t.csv"', '"../../etc/passwd"', "leads out of the data folder"),
        ('column = "n"', 'column = "z"', "has no column 'z'"),
        ("of = {}", 'of = {}, aggregate = "mode"', "arguments.aggregate: 'mode'"),
    ],
)
def test_a_recomputation_that_cannot_be_done_names_the_claim(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "t.csv").write_text("k,n\nx,1\ny,2\n")
    assert old in GOOD
    with pytest.raises(DataError, match=said):
        check(user_file(written(tmp_path, GOOD.replace(old, new, 1))), evidence(tmp_path))


def test_an_id_that_stands_twice_is_an_error() -> None:
    with pytest.raises(DataError, match="two claims have the id"):
        together(shipped(), shipped()[:1])


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        user_file(tmp_path / "none.toml")
