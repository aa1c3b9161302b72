"""Logs as people really export them, half of them odd: a clear error or a warning with counts, never a silent loss."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from weighbridge import adoption, catalog
from weighbridge.adoption import Usage, formats
from weighbridge.errors import DataError

from . import logs

HEADER = "generation_id,created_at,model_permaslug,tokens_prompt,tokens_completion"
TOTAL = 1700.0


def read(*sources: str, named: str | None = None) -> Usage:
    with adoption.read(list(sources), named=named) as usage:
        assert all(account.whole() for account in usage.accounts), "every row is counted or named as left out"
        return usage


def text(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_two_formats_in_one_file_are_refused_by_name_and_read_when_one_is_named(tmp_path: Path) -> None:
    path = text(tmp_path / "mixed.jsonl", lines(logs.litellm_spend() + logs.langfuse()))
    with pytest.raises(DataError, match=r"mixed\.jsonl: rows of more than one format .*langfuse, litellm-spend"):
        read(path)
    usage = read(path, named="litellm-spend")
    assert usage.days["tokens"].sum() == TOTAL
    assert (usage.accounts[0].rows, usage.accounts[0].counted) == (6, 3)


def test_two_exports_put_end_to_end_count_their_second_header_as_left_out(tmp_path: Path) -> None:
    one = Path(logs.write(logs.generations(), tmp_path / "a.csv")).read_text("utf-8")
    usage = read(text(tmp_path / "both.csv", one + one))
    assert usage.days["tokens"].sum() == TOTAL
    assert usage.accounts[0].left_out == {"tokens_prompt is not a number": 1, "a request that came twice": 3}


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_count_since_1970_is_a_time_whatever_its_unit(factor: int, suffix: str, tmp_path: Path) -> None:
    rows = [{**row, "startTime": (1_781_000_000 + n) * factor} for n, row in enumerate(logs.litellm_spend())]
    usage = read(logs.write(rows, tmp_path / f"epoch{suffix}"))
    assert [str(day) for day in usage.days["day"].unique()] == ["2026-06-09"]
    assert usage.accounts[0].naive == 0


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_a_clock_that_was_not_set_is_left_out_and_said(time: str, tmp_path: Path) -> None:
    rows = [{**logs.generations()[0], "created_at": time}, *logs.generations()[1:]]
    usage = read(logs.write(rows, tmp_path / "a.csv"))
    assert usage.days["tokens"].sum() == 1580
    assert list(usage.accounts[0].left_out) == ["created_at is not plausible (before 2015 or after 2099)"]
    assert any(remark.kind == "fault" and "a.csv" in remark.text for remark in usage.remarks)


def test_days_written_in_another_order_are_never_guessed(tmp_path: Path) -> None:
    rows = [{**row, "created_at": "06/07/2026 03:46"} for row in logs.generations()]
    usage = read(logs.write(rows, tmp_path / "dmy.csv"))
    assert usage.accounts[0].left_out == {"created_at is not a time": 3}
    with pytest.raises(DataError, match=r"not one row can be counted \(.*dmy\.csv: 3 of 3: created_at is not a time"):
        adoption.shares(usage, catalog.load())


def test_a_typed_time_of_another_zone_is_brought_to_utc(tmp_path: Path) -> None:
    table = pl.DataFrame(logs.generations()).with_columns(
        pl.lit("2026-06-01 22:30:00").str.to_datetime().dt.replace_time_zone("America/New_York").alias("created_at")
    )
    table.write_parquet(tmp_path / "zone.parquet")
    usage = read(str(tmp_path / "zone.parquet"))
    assert [str(day) for day in usage.days["day"].unique()] == ["2026-06-02"]
    assert usage.accounts[0].naive == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HEADER + ",tokens_prompt\ng,2026-06-01,m,1,2,99\n", "the column 'tokens_prompt' stands in the header twice"),
        (gzip.compress((HEADER + "\ng,2026-06-01,m,1,2\n").encode())[:-12], "gzip"),
        (gzip.compress(lines(logs.langfuse()).encode())[:-12], "gzip file cannot be read"),
        (HEADER.encode("utf-16"), "neither UTF-8 text nor Parquet"),
        (b"PAR1" + b"\x00" * 40, "Parquet file cannot be read"),
        (HEADER.replace("model_permaslug", "modle") + "\n", "lacks model_permaslug"),
    ],
)
def test_a_broken_file_is_one_error_that_names_it(content: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says) as caught:
        read(text(tmp_path / "broken.log", content))
    assert "broken.log" in str(caught.value)


def test_lines_of_too_few_or_too_many_cells_or_bad_letters_are_counted(tmp_path: Path) -> None:
    good = "".join(f"g{n},2026-06-01 03:00:00,openai/gpt-4o,10,20\n" for n in range(50))
    bad = [
        b"h1,2026-06-01,openai/gpt-4o,10",
        b"h2,2026-06-01,openai/gpt-4o,10,20,30",
        b"h3,2026-06-01,\xff\xfe,1,2",
        b"",
    ]
    usage = read(text(tmp_path / "a.csv", (HEADER + "\n" + good).encode() + b"\n".join(bad)))
    assert usage.days["requests"].sum() == 50
    assert (usage.accounts[0].rows, usage.accounts[0].counted) == (53, 50)
    assert any(remark.kind == "unreadable" and "3 lines" in remark.text for remark in usage.remarks)


def table(rows: int, end: str = "\n", **changed: str) -> str:
    made = [f"g{n},2026-06-01 03:00:00,openai/gpt-4o,10,20" for n in range(rows)]
    for number, line in changed.items():
        made[int(number[1:])] = line
    return end.join([HEADER, *made]) + end


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_whatever_ends_a_line_every_row_is_read(end: str, tmp_path: Path) -> None:
    """DuckDB 2.0 reads none of these rows, and says nothing, where it finds out by itself that lines end in CRLF."""
    usage = read(text(tmp_path / "a.csv", table(3000, end)))
    assert usage.accounts[0].counted == 3000


def test_a_quote_left_open_counts_the_lines_that_it_swallows_or_stops_with_its_line(tmp_path: Path) -> None:
    opened = 'g,2026-06-01 03:00:00,"openai/gpt-4o,10,20'
    closed = 'g,2026-06-01 03:00:00,"openai/gpt-4o",10,20'
    usage = read(text(tmp_path / "a.csv", table(200, n50=opened, n90=closed)))
    assert (usage.accounts[0].rows, usage.accounts[0].counted) == (200, 159)
    with pytest.raises(DataError, match=r"b\.csv: line 52: a quote is opened"):
        read(text(tmp_path / "b.csv", table(3000, n50=opened)))


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
def test_a_gzipped_log_is_read(name: str, tmp_path: Path) -> None:
    plain = Path(logs.write(logs.langfuse(), tmp_path / name.removesuffix(".gz")))
    usage = read(text(tmp_path / name, gzip.compress(plain.read_bytes())))
    assert usage.days["tokens"].sum() == TOTAL


def test_nested_usage_is_read_as_struct_as_map_and_as_python_wrote_it(tmp_path: Path) -> None:
    rows = logs.langfuse()
    pl.DataFrame(rows).write_parquet(tmp_path / "struct.parquet")
    repr_of = [{**row, "usage_details": str(row["usage_details"]), "cost_details": None} for row in rows]
    pl.DataFrame(repr_of).write_csv(tmp_path / "pandas.csv")
    import duckdb

    duckdb.sql(f"""COPY (SELECT * REPLACE (MAP {{'input': usage_details.input, 'output': usage_details.output,
        'input_cached_tokens': usage_details.input_cached_tokens, 'total': usage_details.total}} AS usage_details)
        FROM '{tmp_path}/struct.parquet') TO '{tmp_path}/map.parquet'""")
    for name in ("struct.parquet", "pandas.csv", "map.parquet"):
        usage = read(str(tmp_path / name))
        assert usage.days.select("tokens", "cached", "input").sum().row(0) == (TOTAL, 30.0, 1150.0), name


def test_the_column_written_as_asked_for_counts_where_two_are_alike(tmp_path: Path) -> None:
    rows = [{**row, "START_TIME": "2020-01-01"} for row in logs.litellm_spend()]
    rows = [{"Start_Time": "2021-01-01", **row} for row in rows]
    usage = read(logs.write(rows, tmp_path / "a.parquet"))
    assert min(usage.days["day"]).year == 2026


def test_langfuse_is_known_by_the_names_of_its_api_too(tmp_path: Path) -> None:
    names = {"trace_id": "traceId", "start_time": "startTime", "provided_model_name": "model", "user_id": "userId",
             "usage_details": "usageDetails", "total_cost": "totalCost", "cost_details": "costDetails"}  # fmt: skip
    rows = [{names.get(key, key): value for key, value in row.items()} for row in logs.langfuse()]
    (tmp_path / "api.json").write_text(json.dumps({"data": rows, "meta": {"page": 1}}))
    usage = read(str(tmp_path / "api.json"))
    assert usage.accounts[0].format == "langfuse"
    assert usage.days.select("tokens", "spend").sum().row(0) == (TOTAL, 1.5)


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="this is a folder; name the files in it"):
        read(str(tmp_path))


def test_files_of_one_shape_and_of_others_keep_their_own_accounts(tmp_path: Path) -> None:
    base = logs.generations()
    sources = []
    for n in range(6):
        rows = [{**row, "generation_id": f"{n}-{i}"} for i, row in enumerate(base[: 1 + n % 3])]
        if n == 4:
            rows = [{**row, "file_index": "7"} for row in rows]
        if n == 5:
            rows[0]["tokens_prompt"] = "x"
            rows = [{key: str(value) for key, value in row.items()} for row in rows]
        sources.append(logs.write(rows, tmp_path / f"{n}.{'csv' if n == 3 else 'parquet'}"))
    usage = read(*sources)
    assert [account.counted for account in usage.accounts] == [1, 2, 3, 1, 2, 2]
    assert usage.accounts[5].left_out == {"tokens_prompt is not a number": 1}


def test_every_format_says_what_it_is(tmp_path: Path) -> None:
    named = {"litellm-spend", "litellm-days", "litellm-tags", "openrouter-generations", "openrouter-activity",
             "openrouter-rankings", "otel", "langfuse"}  # fmt: skip
    assert set(formats.every()) == named
    assert len({form.population for form in formats.every().values()}) == len(named)
