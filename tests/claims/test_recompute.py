"""Recomputing functions on small data with known answers, and the shipped ledger on the real data."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from weighbridge import catalog
from weighbridge.claims.evidence import Evidence, Missing
from weighbridge.claims.ledger import Claim
from weighbridge.claims.recompute import arena, designs, downloads, openrouter
from weighbridge.cli import claims as command
from weighbridge.errors import DataError

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ARENA = """date,board,model,score,ci_low,ci_high
2026-03-04,main,claude-opus-4-6,1505,1498,1512
2026-03-04,main,dola-seed-2.0-preview,1469,1461,1477
2026-03-11,main,claude-opus-4-6,1504,1497,1511
2026-03-11,main,dola-seed-2.0-preview,1465,1457,1473
2026-03-20,main,claude-opus-4-6,1400,1390,1410
2026-03-20,main,dola-seed-2.0-preview,1465,1457,1473
2026-03-21,main,claude-opus-4-6,1504,1497,1511
2026-03-21,main,dola-seed-2.0-preview,1465,1457,1473
"""


def claim(**figures: tuple[float, int]) -> Claim:
    made = [{"name": name, "text": "t", "value": value, "digits": digits} for name, (value, digits) in figures.items()]
    return Claim.model_validate({"id": "c", "claim": "c", "publisher": "p", "published_on": "2026", "source": "s",
                                 "figures": made or [{"name": "x", "text": "t"}], "definition": "d", "why": "w",
                                 "missing": "m"})  # fmt: skip


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    (tmp_path / "a.csv").write_text(ARENA)
    return Evidence(tmp_path, catalog.load())


def test_a_month_without_a_day_is_judged_on_the_day_kindest_to_the_claim(evidence: Evidence) -> None:
    found = arena.gap_in(evidence, claim(percent=(2.7, 1)), file="a.csv", board="main", month="2026-03")
    assert found.as_of == "2026-03-11"
    assert found.figures["percent"].value == pytest.approx(100 * 39 / 1465)
    assert found.figures["points"].value == 39
    kinder = arena.gap_in(evidence, claim(points=(36, 0)), file="a.csv", board="main", month="2026-03")
    assert kinder.as_of == "2026-03-04"


def test_the_other_days_of_the_month_are_shown(evidence: Evidence) -> None:
    found = arena.gap_in(evidence, claim(percent=(2.7, 1)), file="a.csv", board="main", month="2026-03")
    assert [choice.choice[:10] for choice in found.choices] == ["2026-03-04", "2026-03-20", "2026-03-21"]


def test_a_board_without_that_month_gives_no_figure_and_says_so(evidence: Evidence) -> None:
    found = arena.gap_in(evidence, claim(percent=(2.7, 1)), file="a.csv", board="main", month="2025-03",
                         others=[{"file": "a.csv", "board": "main", "month": "2026-03"}])  # fmt: skip
    assert not found.figures
    assert "has no day in 2025-03" in found.findings[0]
    assert found.choices


def test_changes_of_the_lead_are_counted_both_ways(evidence: Evidence) -> None:
    series = [{"file": "a.csv", "board": "main"}]
    found = arena.lead_changes(evidence, claim(), series=series, since="2026-03-01")
    assert found.figures["lead_changes"].value == 2
    with pytest.raises(Missing):
        arena.lead_changes(evidence, claim(), series=series, since="2026-04-01")


def test_unknown_models_make_a_share_an_interval(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(
        "date,frontier_tokens,open_tokens,unknown_tokens,other_tokens\n2025-01,60,20,15,5\n2025-02,50,50,0,0\n2026-01,0,9,0,0\n"
    )
    found = openrouter.open_share(
        Evidence(tmp_path, catalog.load()), claim(), file="m.csv", first="2025-01", last="2025-02"
    )
    mean, peak = found.figures["open_mean"], found.figures["open_peak_month"]
    assert (mean.low, mean.value, mean.high) == (35.0, pytest.approx(100 * 70 / 180), 45.0)
    assert (peak.low, peak.value, peak.high) == (50.0, 50.0, 50.0)


def test_a_week_needs_all_seven_days_and_keeps_unknown_apart(tmp_path: Path) -> None:
    rows = [
        f"2026-05-{day},{slug},{tokens}"
        for day in range(25, 32)
        for slug, tokens in (
            ("deepseek/deepseek-v3.2", 40),
            ("anthropic/claude-opus-4.6", 30),
            ("nobody/nothing-1", 10),
            ("other", 20),
        )
    ]
    (tmp_path / "w.csv").write_text("date,model_permaslug,total_tokens\n" + "\n".join(rows) + "\n")
    evidence = Evidence(tmp_path, catalog.load())
    figures = openrouter.week(evidence, claim(), file="w.csv", monday="2026-05-25").figures
    assert (figures["open_cn"].low, figures["open_cn"].high) == (40.0, 50.0)
    assert [figures[name].value for name in ("proprietary_other", "unknown", "other")] == [30.0, 10.0, 20.0]
    with pytest.raises(Missing, match="0 of the seven days"):
        openrouter.week(evidence, claim(), file="w.csv", monday="2026-06-01")
    with pytest.raises(DataError, match="is a Tuesday"):
        openrouter.week(evidence, claim(), file="w.csv", monday="2026-05-26")


def test_a_month_is_an_interval_and_the_other_months_are_shown(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(
        "date,frontier_tokens,open_tokens,unknown_tokens,other_tokens\n2025-10,50,50,0,0\n2025-11,60,20,15,5\n"
    )
    evidence = Evidence(tmp_path, catalog.load())
    found = openrouter.open_month(evidence, claim(), file="m.csv", month="2025-11", others=["2025-10", "2025-12"])
    one = found.figures["open"]
    assert (one.low, one.value, one.high) == (20.0, 25.0, 40.0)
    assert found.choices[-1].figures == {"open": 50.0}
    assert found.findings[1] == "A third of the classified or more: 2025-10."
    with pytest.raises(Missing):
        openrouter.open_month(evidence, claim(), file="m.csv", month="2026-01", others=[])


def snapshot(folder: Path, day: str, **counts: int) -> None:
    (folder / "downloads").mkdir(exist_ok=True)
    rows = [
        {
            "taken": datetime.fromisoformat(day).replace(tzinfo=UTC),
            "family": "qwen",
            "repo": f"x/{kind}",
            "kind": kind,
            "base": None,
            "last_30_days": 1,
            "all_time": count,
        }
        for kind, count in counts.items()
    ]
    target = folder / "downloads" / f"qwen-{day.replace('-', '')}T000000Z.parquet"
    pl.DataFrame(rows, schema=downloads.downloads.SCHEMA).write_parquet(target)


def test_downloads_of_a_day_need_a_snapshot_by_then_and_a_later_one_only_refutes(tmp_path: Path) -> None:
    evidence, said = Evidence(tmp_path, catalog.load()), claim(downloads=(700, -2))
    with pytest.raises(Missing, match="weighbridge adoption --downloads qwen"):
        downloads.total(evidence, said, family="qwen", by="2026-01-31")
    snapshot(tmp_path, "2026-03-01", original=900, quantized=300)
    late = downloads.total(evidence, said, family="qwen", by="2026-01-31")
    assert late.figures == {}
    assert "says nothing of that day" in late.findings[-1]
    refuted = downloads.total(evidence, claim(downloads=(5000, -2)), family="qwen", by="2026-01-31")
    assert (refuted.figures["downloads"].value, refuted.figures["downloads"].high) == (900, 1200)
    snapshot(tmp_path, "2026-01-15", original=680, quantized=200)
    found = downloads.total(evidence, said, family="qwen", by="2026-01-31")
    assert (found.figures["downloads"].value, found.figures["downloads"].high, found.as_of) == (680, 880, "2026-01-15")
    grown = downloads.growth(evidence, said, family="qwen", since="2026-01-31", until="2026-03-31")
    assert grown.figures["growth"].value == pytest.approx(100 * (900 / 680 - 1))
    with pytest.raises(Missing, match="is no growth"):
        downloads.growth(evidence, said, family="qwen", since="2026-01-20", until="2026-01-31")
    assert {name.split("/")[0] for name in evidence.opened} == {"downloads"}


def test_the_largest_of_null_cells_is_far_above_their_rate() -> None:
    found = designs.largest_of_null_cells(
        Evidence(Path(), catalog.load()), claim(), base=19.0, matched=22.8, shown=27.2, answers=250, cells=120
    )
    first = found.choices[0].figures
    assert first["z against the matched cell"] == pytest.approx(1.14, abs=0.01)
    # One cell has sd 2.48 points; the largest of 120 lies about 2.6 sd above the rate.
    assert 25.0 <= (first["largest null cell, median %"] or 0) <= 26.0
    one = designs.largest_of_null_cells(
        Evidence(Path(), catalog.load()), claim(), base=19.0, matched=22.8, shown=27.2, answers=250, cells=1
    )
    assert one.choices[0].figures["largest null cell, median %"] == pytest.approx(19.0, abs=0.3)


def test_a_null_design_shows_twenty_percent_by_chance() -> None:
    found = designs.detectable(
        Evidence(Path(), catalog.load()), claim(), trials=2800, models=5, contexts=5, datasets=60
    )
    assert found.figures == {}
    assert len(found.choices) == 5
    assert "about 112 answers in each cell" in found.findings[0]


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not there")
def test_the_shipped_ledger_on_the_real_data(tmp_path: Path) -> None:
    app = typer.Typer()
    command.register(app)
    app.command("other")(lambda: None)
    page = tmp_path / "claims.html"
    result = CliRunner().invoke(app, ["claims", "--data", str(DATA), "--json", "--html", str(page)])
    assert result.exit_code == 0, result.output
    found = {one["id"]: one for one in json.loads(result.stdout)}
    keys = {"id", "claim", "publisher", "published", "recomputed", "verdict", "definition", "data", "why"}
    assert all(keys <= set(one) for one in found.values())
    assert {one["verdict"] for one in found.values()} == {"reproduced", "in part", "not reproduced", "not checkable"}
    # None that could not be computed carries a figure, and each says what is missing.
    for one in found.values():
        if one["verdict"] == "not checkable":
            assert one["missing"]
    march = found["ai-index-2026-march"]
    assert march["recomputed"]["figures"]["points"]["value"] == 39
    assert march["recomputed"]["figures"]["percent"]["value"] == pytest.approx(2.662, abs=0.001)
    assert (march["verdict"], found["ai-index-2026-lead-changes"]["verdict"]) == ("reproduced", "not reproduced")
    epoch = found["epoch-months-behind"]["recomputed"]
    assert [round(epoch["figures"][name]["value"], 1) for name in ("mean", "shortest", "longest")] == [7.9, 1.1, 18.2]
    html = page.read_text("utf-8")
    assert all(f'id="{name}"' in html for name in found)
    assert "http://" not in html.replace("http://www.w3.org", "") and "<script" not in html
