"""Shares are bounds that follow from what is known; the published week comes out; half weeks and holes are marked."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from weighbridge import adoption, catalog
from weighbridge.adoption.cohorts import cohorts
from weighbridge.errors import DataError

from . import logs

RANKINGS = Path(__file__).parents[3] / "shared" / "data" / "openrouter" / "rankings_daily_2026-05-20_06-14.csv"


def shares(rows: list[dict[str, Any]], path: Path, **asked: Any) -> tuple[pl.DataFrame, list[adoption.Remark]]:
    with adoption.read([logs.write(rows, path)]) as usage:
        return adoption.shares(usage, catalog.load(), **asked)


def ranking(day: str, **tokens: int) -> list[dict[str, Any]]:
    names = {"claude": "anthropic/claude-sonnet-4.5", "deepseek": "deepseek/deepseek-r1", "owl": "openrouter/owl-alpha"}
    return [{"date": day, "model_permaslug": names.get(k, k), "total_tokens": n, "as_of": "2026-07-01T00:00:00Z"}
            for k, n in tokens.items()]  # fmt: skip


@pytest.mark.skipif(not RANKINGS.is_file(), reason="needs ../shared/data/openrouter, which is not there")
def test_the_published_week_comes_out() -> None:
    asked = ["--by", "origin", "--every", "week", "--json"]
    run = [sys.executable, "-m", "weighbridge", "adoption", str(RANKINGS), *asked]
    rows = json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    week = {row["class"]: row for row in rows if row["week"] == "2026-05-25"}
    assert list(week) == ["open_cn", "open_other", "proprietary_cn", "proprietary_other", "unknown", "other"]
    # The map decides the last half point: two models are said to be open, and no repository of theirs is on record.
    assert week["open_cn"]["share_low"] == pytest.approx(0.430, abs=0.0005)
    assert week["open_cn"]["share_high"] == pytest.approx(0.435, abs=0.0005)
    assert week["proprietary_other"]["share_low"] == pytest.approx(0.336, abs=0.0005)
    assert week["proprietary_other"]["share_high"] == pytest.approx(0.336, abs=0.0005)
    # The same totals by an independent query: plain SQL, with the maker read off the slug.
    total, anthropic, other = duckdb.sql(f"""
        SELECT sum(total_tokens), sum(total_tokens) FILTER (model_permaslug LIKE 'anthropic/%'),
               sum(total_tokens) FILTER (model_permaslug = 'other')
        FROM read_csv('{RANKINGS}') WHERE date BETWEEN '2026-05-25' AND '2026-05-31'""").fetchall()[0]
    assert sum(row["tokens"] for row in week.values()) == total
    assert week["other"]["tokens"] == other
    assert sum(row["share"] for row in week.values()) == pytest.approx(1)
    assert not any(row["marks"] for row in week.values())
    assert [str(row["week"]) for row in rows[::6]] == ["2026-05-18", "2026-05-25", "2026-06-01", "2026-06-08"]
    with adoption.read([str(RANKINGS)]) as usage:
        makers, _ = adoption.shares(usage, catalog.load(), by="maker")
    mine = makers.filter((pl.col("class") == "anthropic") & (pl.col("week") == date(2026, 5, 25)))
    assert mine["tokens"].to_list() == [anthropic]


def test_an_unknown_name_widens_the_interval_and_a_stealth_model_or_other_only_the_most(tmp_path: Path) -> None:
    rows = ranking("2026-06-01", claude=40, deepseek=20, nobody=10, owl=10, other=20)
    table, remarks = shares(rows, tmp_path / "a.csv", every="day")
    keys = ("share", "share_low", "share_high", "share_most", "tokens")
    got = {row["class"]: tuple(row[key] for key in keys) for row in table.to_dicts()}
    assert got["proprietary_other"] == pytest.approx((0.4, 0.4, 0.5, 0.8, 40))
    assert got["open_cn"] == pytest.approx((0.2, 0.2, 0.3, 0.6, 20))
    assert got["open_other"] == pytest.approx((0.0, 0.0, 0.1, 0.4, 0))
    assert got["unknown"] == pytest.approx((0.2, 0.2, 0.2, 0.2, 20))
    assert got["other"] == pytest.approx((0.2, 0.2, 0.2, 0.2, 20))
    assert {row["class"]: row["stealth_tokens"] for row in table.to_dicts()}["unknown"] == 10
    assert {remark.kind: remark.text.rsplit(": ")[-1] for remark in remarks}["hidden"] == "openrouter/owl-alpha"


def test_a_name_of_a_known_maker_could_only_be_one_of_its_families(tmp_path: Path) -> None:
    claude, deepseek = ranking("2026-06-01", claude=50)[0], ranking("2026-06-01", deepseek=30)[0]
    rows = [claude, deepseek, {**claude, "model_permaslug": "anthropic/never-heard-of", "total_tokens": 20}]
    table, _ = shares(rows, tmp_path / "a.csv", every="day", by="family")
    high = {row["class"]: row["share_high"] for row in table.to_dicts()}
    assert high == pytest.approx({"claude": 0.7, "deepseek": 0.3, "unknown": 0.2})


def test_open_weights_without_a_repository_are_doubtful_between_two_classes(tmp_path: Path) -> None:
    base = ranking("2026-06-01", deepseek=90)
    rows = [*base, {**base[0], "model_permaslug": "deepseek/deepseek-v9-imagined", "total_tokens": 10}]
    table, remarks = shares(rows, tmp_path / "a.csv", every="day")
    got = {row["class"]: (row["share"], row["share_low"], row["share_high"]) for row in table.to_dicts()}
    assert got["open_cn"] == pytest.approx((1.0, 0.9, 1.0))
    assert got["proprietary_cn"] == pytest.approx((0.0, 0.0, 0.1))
    assert got["open_other"] == got["proprietary_other"] == (0.0, 0.0, 0.0)
    assert any(remark.kind == "doubtful" and "v9-imagined" in remark.text for remark in remarks)


def test_a_chinese_model_of_unknown_weights_widens_only_chinese_classes(tmp_path: Path) -> None:
    rows = [*ranking("2026-06-01", claude=50), {**ranking("2026-06-01", claude=50)[0], "model_permaslug": "qwen4"}]
    table, _ = shares(rows, tmp_path / "a.csv", every="day")
    high = {row["class"]: row["share_high"] for row in table.to_dicts()}
    sure = {"open_other": 0, "proprietary_other": 0.5, "unknown": 0.5, "other": 0}
    assert high == pytest.approx({"open_cn": 0.5, "proprietary_cn": 0.5, **sure})


@pytest.mark.parametrize(
    ("by", "first"), [("maker", "anthropic"), ("family", "claude"), ("model", "claude-sonnet-4.5")]
)
def test_shares_by_maker_family_and_model(by: str, first: str, tmp_path: Path) -> None:
    table, _ = shares(logs.generations(), tmp_path / "a.csv", by=by)
    assert table["class"][0].replace("-4-5", "-4.5") == first
    assert table["share_low"].sum() == pytest.approx(1)


def test_half_weeks_holes_and_empty_days_are_marked(tmp_path: Path) -> None:
    days = [f"2026-06-{n:02}" for n in range(1, 20) if n != 10]
    rows = [row for day in days for row in ranking(day, claude=100 if day != "2026-06-04" else 1)]
    table, remarks = shares(rows, tmp_path / "a.csv")
    marks = {str(row["week"]): row["marks"] for row in table.to_dicts()}
    assert marks["2026-06-01"] == ["an empty snapshot"]
    assert marks["2026-06-08"] == ["1 day missing"]
    assert marks["2026-06-15"] == ["half: 5 of 7 days"]
    assert {remark.kind for remark in remarks} >= {"hole", "empty"}


def test_requests_that_nobody_told_are_no_estimate(tmp_path: Path) -> None:
    table, remarks = shares(logs.rankings(), tmp_path / "a.csv", measure="requests")
    assert table["share_low"].null_count() == len(table)
    assert any(remark.kind == "no-estimate" for remark in remarks)


def test_a_spend_of_zero_is_priced_or_a_floor_and_never_free(tmp_path: Path) -> None:
    rows = [{**row, "spend": 0} for row in logs.litellm_spend()]
    rows[1] |= {"model": "openai/gpt-4o", "custom_llm_provider": "openai"}
    rows[0] |= {"model": "our-own-finetune", "custom_llm_provider": "hosted_vllm"}
    rows[2] |= {"cache_hit": "True"}
    table, remarks = shares(rows, tmp_path / "a.csv", measure="spend")
    by_class = {row["class"]: row for row in table.to_dicts()}
    # 1,000 tokens of which 10 cached and 500 tokens: gpt-4o at 2.5, 1.25 and 10 dollars a million.
    assert by_class["proprietary_other"]["spend"] == pytest.approx((990 * 2.5 + 10 * 1.25 + 500 * 10) / 1e6)
    assert not by_class["proprietary_other"]["spend_floor"]
    assert by_class["proprietary_other"]["spend_added"] == by_class["proprietary_other"]["spend"]
    assert by_class["unknown"]["spend_added"] == 0
    assert by_class["unknown"]["spend_floor"]
    assert not by_class["open_cn"]["spend_floor"], "an answer from the cache is free"
    assert {"zero-spend", "floor"} <= {remark.kind for remark in remarks}


def test_cohorts_and_their_retention(tmp_path: Path) -> None:
    model, base = logs.MODELS[0], logs.generations()[0]
    used = [("a", "2026-06-01"), ("b", "2026-06-02"), ("a", "2026-06-09"), ("c", "2026-06-10"), ("a", "2026-06-16")]
    rows = [{**base, "generation_id": f"g{n}", "user": who, "created_at": f"{day} 10:00:00", "model_permaslug": model}
            for n, (who, day) in enumerate(used)]  # fmt: skip
    with adoption.read([logs.write(rows, tmp_path / "a.csv")]) as usage:
        table, _ = cohorts(usage, catalog.load())
    got = [(str(row["first"]), row["age"], row["users"], row["of"]) for row in table.to_dicts()]
    assert got == [("2026-06-01", 0, 2, 2), ("2026-06-01", 1, 1, 2), ("2026-06-01", 2, 1, 2), ("2026-06-08", 0, 1, 1),
                   ("2026-06-08", 1, 0, 1)]  # fmt: skip


@pytest.mark.parametrize("asked", [{"by": "colour"}, {"every": "year"}, {"measure": "euros"}])
def test_an_unknown_word_is_refused(asked: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is not known; write"):
        shares(logs.rankings(), tmp_path / "a.csv", **asked)
