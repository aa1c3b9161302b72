"""Every format gives the same totals, each row is counted once or named, and nothing is assumed of a column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from weighbridge import adoption
from weighbridge.adoption import Usage
from weighbridge.errors import DataError

from . import logs


def read(*sources: str, named: str | None = None) -> Usage:
    with adoption.read(list(sources), named=named) as usage:
        return usage


WRAPPINGS = [(name, ".csv") for name in logs.ROWS] + [
    (name, (".jsonl", ".json", ".parquet")[n % 3]) for n, name in enumerate(logs.ROWS)
]


@pytest.mark.parametrize(("name", "suffix"), WRAPPINGS)
def test_every_format_gives_the_same_totals_in_text_and_in_another_wrapping(
    name: str, suffix: str, tmp_path: Path
) -> None:
    usage = read(logs.write(logs.ROWS[name](), tmp_path / f"log{suffix}"))
    assert usage.accounts[0].format == name
    assert usage.accounts[0].whole()
    got = usage.days.sort("day").select("spelling", "tokens").rows()
    assert got == [(model, float(sum(tokens))) for model, tokens in zip(logs.MODELS, logs.TOKENS, strict=True)]
    if name != "openrouter-rankings":
        assert usage.days["requests"].sum() == 3
        assert usage.days["spend"].sum() == pytest.approx(1.5)
    else:
        assert usage.days["requests"].null_count() == 3, "the rankings tell no requests, which is not 0"


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("lines", [False, True])
def test_otlp_is_read_with_older_and_newer_names(older: bool, lines: bool, tmp_path: Path) -> None:
    path = tmp_path / "spans.json"
    path.write_text(json.dumps(logs.otel(older), indent=None if lines else 1), "utf-8")
    usage = read(str(path))
    assert usage.days["tokens"].sum() == 1700
    assert usage.days["spend"].null_count() == 3, "OpenTelemetry has no cost: unknown, not 0"


def test_spans_of_agents_and_of_other_programs_are_named_not_added(tmp_path: Path) -> None:
    document = logs.otel()
    spans = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
    agent = json.loads(json.dumps(spans[0]))
    agent["spanId"], agent["attributes"][0]["value"]["stringValue"] = "agent", "invoke_agent"
    spans += [agent, {"traceId": "t", "spanId": "db", "startTimeUnixNano": "1", "attributes": []}]
    path = tmp_path / "spans.json"
    path.write_text(json.dumps(document), "utf-8")
    usage = read(str(path))
    assert usage.days["tokens"].sum() == 1700
    assert usage.accounts[0].rows == 5
    assert sorted(usage.accounts[0].left_out.values()) == [1, 1]


def test_a_request_in_two_exports_counts_once(tmp_path: Path) -> None:
    rows = logs.generations()
    first, second = logs.write(rows, tmp_path / "a.csv"), logs.write(rows[1:], tmp_path / "b.jsonl")
    usage = read(first, second)
    assert usage.days["tokens"].sum() == 1700
    assert all(account.whole() for account in usage.accounts)
    assert sum(account.left_out.get("a request that came twice", 0) for account in usage.accounts) == 2


def test_the_same_file_given_twice_counts_once(tmp_path: Path) -> None:
    first, second = (logs.write(logs.generations(), tmp_path / name) for name in ("a.csv", "b.csv"))
    usage = read(first, second)
    assert usage.days["tokens"].sum() == 1700
    assert [account.counted for account in usage.accounts] == [3, 0]
    assert any(remark.kind == "twice" for remark in usage.remarks)


def test_tags_of_one_request_are_not_added_up(tmp_path: Path) -> None:
    usage = read(logs.write(logs.litellm_tags(), tmp_path / "tags.csv"))
    assert usage.days["requests"].sum() == 3
    assert any(remark.kind == "tags" for remark in usage.remarks)


def test_the_latest_statement_of_a_day_counts(tmp_path: Path) -> None:
    later = [{**row, "total_tokens": "999"} for row in logs.rankings("2026-06-20T08:00:00Z")[:1]]
    # The later statement stands in the file named first: as_of decides, not the order.
    usage = read(logs.write(later, tmp_path / "b.csv"), logs.write(logs.rankings(), tmp_path / "a.csv"))
    assert usage.days["tokens"].sum() == 999 + 1500 + 80
    assert usage.restated.select("before", "after").rows() == [(120.0, 999.0)]


def test_a_model_that_fell_out_of_a_restated_ranking_is_not_counted_beside_its_other(tmp_path: Path) -> None:
    def day(as_of: str, **tokens: int) -> list[dict[str, Any]]:
        return [{"date": "2026-06-01", "model_permaslug": name, "total_tokens": n, "as_of": as_of}
                for name, n in tokens.items()]  # fmt: skip

    first = logs.write(day("2026-06-02T08:00:00Z", claude=50, deepseek=30, other=20), tmp_path / "a.csv")
    # Said twice in its own file, and the same snapshot once more in another: still once.
    later = day("2026-06-09T08:00:00Z", claude=52, other=51)
    second = logs.write([*later, later[0]], tmp_path / "b.csv")
    third = logs.write(later, tmp_path / "c.jsonl")
    usage = read(second, first, third)
    assert dict(usage.days.select("spelling", "tokens").iter_rows()) == {"claude": 52.0, "other": 51.0}
    assert usage.restated.select("before", "after").rows() == [(100.0, 103.0)]
    assert all(account.whole() for account in usage.accounts)
    assert usage.accounts[1].left_out == {"a row of a day that was restated later": 3}
    assert [account.counted for account in usage.accounts] == [2, 0, 0]


def test_without_as_of_the_file_named_last_counts(tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "as_of"} for row in logs.rankings()]
    later = [{**rows[0], "total_tokens": "5"}]
    first = logs.write([{**rows[0], "total_tokens": "999"}, *rows[1:]], tmp_path / "a.csv")
    usage = read(first, logs.write(later, tmp_path / "b.csv"))
    assert usage.days["tokens"].sum() == 5 + 1500 + 80


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tokens_prompt": "many"}, "tokens_prompt is not a number"),
        ({"tokens_completion": "-4"}, "tokens_completion is below 0"),
        ({"created_at": "yesterday"}, "created_at is not a time"),
        ({"created_at": None}, "created_at is empty"),
        ({"tokens_prompt": "NaN"}, "tokens_prompt is not a number"),
        ({"tokens_prompt": "inf"}, "tokens_prompt is too large to be true"),
        ({"cost_total": "1e99"}, "cost_total is too large to be true"),
    ],
)
def test_a_bad_cell_leaves_its_row_out_by_name(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    rows = logs.generations()
    rows[0] |= change
    rows = [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]
    usage = read(logs.write(rows, tmp_path / "a.csv"))
    assert usage.accounts[0].left_out == {reason: 1}
    assert usage.accounts[0].whole()
    assert usage.days["tokens"].sum() == 1580


@pytest.mark.parametrize(
    ("time", "day", "naive"),
    [
        ("2026-06-01 23:30:00", "2026-06-01", 1),
        ("2026-06-01T23:30:00Z", "2026-06-01", 0),
        ("2026-06-01T23:30:00-02:00", "2026-06-02", 0),
        ("2026-06-01 23:30:00.5+00", "2026-06-01", 0),
        ("2026-06-02T01:30:00+08:00", "2026-06-01", 0),
    ],
)
def test_times_are_brought_to_utc_and_naive_ones_are_said(time: str, day: str, naive: int, tmp_path: Path) -> None:
    usage = read(logs.write([{**logs.generations()[0], "created_at": time}], tmp_path / "a.csv"))
    assert [str(day) for day in usage.days["day"]] == [day]
    assert usage.accounts[0].naive == naive


def test_a_missing_column_is_named_with_file_and_format(tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "tokens_prompt"} for row in logs.generations()]
    path = logs.write(rows, tmp_path / "cut.csv")
    with pytest.raises(DataError, match=r"cut\.csv.*openrouter-generations.*tokens_prompt"):
        read(path)
    with pytest.raises(DataError, match=r"cut\.csv: read as openrouter-generations, the column 'tokens_prompt'"):
        read(path, named="openrouter-generations")


def test_cut_off_files_are_counted_or_refused(tmp_path: Path) -> None:
    csv = Path(logs.write(logs.generations(), tmp_path / "a.csv"))
    csv.write_text(csv.read_text("utf-8")[:-40], "utf-8")
    usage = read(str(csv))
    assert (usage.accounts[0].rows, usage.accounts[0].counted) == (3, 2)
    lines = Path(logs.write(logs.generations(), tmp_path / "a.jsonl"))
    lines.write_text(lines.read_text("utf-8")[:-40], "utf-8")
    usage = read(str(lines))
    assert (usage.accounts[0].rows, usage.accounts[0].counted) == (3, 2)
    parquet = Path(logs.write(logs.generations(), tmp_path / "a.parquet"))
    parquet.write_bytes(parquet.read_bytes()[:-40])
    with pytest.raises(DataError, match="cut off"):
        read(str(parquet))
    whole = tmp_path / "whole.json"
    whole.write_text(json.dumps(logs.otel(), indent=1)[:-30], "utf-8")
    with pytest.raises(DataError, match="cut off"):
        read(str(whole))


@pytest.mark.parametrize("content", ["", "\n\n", "a,b\n1,2\n", "\xff\xfe\x00"])
def test_what_is_no_log_is_refused_by_name(content: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(content, "latin-1")
    with pytest.raises(DataError, match=r"odd\.csv"):
        read(str(path))


def test_an_empty_export_is_said(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_text('{"data": []}', "utf-8")
    usage = read(str(path), logs.write(logs.generations(), tmp_path / "a.csv"))
    assert any(remark.kind == "empty" and "none.json" in remark.text for remark in usage.remarks)


def test_own_logs_of_two_systems_are_never_added_up(tmp_path: Path) -> None:
    usage = read(
        logs.write(logs.langfuse(), tmp_path / "a.jsonl"), logs.write(logs.litellm_spend(), tmp_path / "b.csv")
    )
    assert usage.days.group_by("population").agg(pl.col("tokens").sum())["tokens"].to_list() == [1700, 1700]
    assert any(remark.kind == "populations" for remark in usage.remarks)
