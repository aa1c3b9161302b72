"""Which column is which field: by layout, name, ``--map`` or mapping file; and what is said where none fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from weighbridge.audit.collect.fields import FIELDS
from weighbridge.audit.collect.keep import Draft, draft, understand
from weighbridge.audit.collect.mapping import Request, layouts, pairs, read_layout
from weighbridge.errors import DataError

THEIRS = {
    "llm": "m",
    "case_id": "sql-1",
    "response": "```python\nprint(1)\n```",
    "outcome": "EXPLOITED",
    "lang": "Py 3",
}
MAPPING = """
source = "their red team"
licence = "internal"
date = 2026-03-01

[fields]
model = "llm"
task = "case_id"
answer = "response"
verdict = "outcome"
language = "lang"

[fixed]
mode = "gen"

[languages]
"Py 3" = "python"

[values.verdict]
EXPLOITED = "vulnerable"
HELD = "secure"
"not tried" = ""

[cwes]
"sql-*" = [89]

[clusters]
"sql-*" = "SQL injection"
"""


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def imported(path: Path, asked: Request) -> Draft:
    return draft(understand([path], asked))


def test_a_mapping_file_says_columns_words_and_what_tasks_are_about(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAPPING)
    rows = [THEIRS, {**THEIRS, "case_id": "xss-1", "outcome": "not tried"}, {**THEIRS, "llm": "n", "outcome": "HELD"}]
    made = imported(lines(tmp_path / "a.jsonl", rows), Request(file=tmp_path / "map.toml"))
    first, second, third = made.collected.to_dicts()
    assert (first["verdict"], second["verdict"], third["verdict"]) == ("vulnerable", None, "secure")
    assert (first["language"], first["mode"], first["source"]) == ("python", "gen", "their red team")
    assert (first["cwes"], first["cluster"]) == ([89], "SQL injection")
    assert (second["cwes"], second["cluster"]) == (None, "xss-1")
    assert (made.facts["licence"], made.facts["date"]) == ("internal", "2026-03-01")
    assert made.facts["verdicts"] == {"none": 1, "secure": 1, "vulnerable": 1}


def test_the_example_on_the_page_works(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "import.md").read_text("utf-8")
    row = json.loads(next(part for part in page.split("`") if part.startswith('{"llm"')))
    (tmp_path / "map.toml").write_text(page.split("```toml\n")[1].split("```")[0], "utf-8")
    path = lines(tmp_path / "a.jsonl", [row, {**row, "outcome": "not tried"}])
    first, second = imported(path, Request(file=tmp_path / "map.toml")).collected.to_dicts()
    assert (first["model"], first["language"], first["verdict"]) == ("Our Model 1", "python", "vulnerable")
    assert (first["cwes"], first["cluster"], second["verdict"]) == ([89], "SQL injection", None)
    assert (first["repeat"], second["repeat"]) == (0, 1)


def test_a_line_on_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAPPING)
    rows = [{**THEIRS, "second_try": "x = 1"}]
    asked = Request({"code": "second_try", "verdict": "", "answer": ""}, tmp_path / "map.toml")
    made = imported(lines(tmp_path / "a.jsonl", rows), asked)
    assert made.collected["verdict"].to_list() == [None]
    assert made.programs["text"].to_list() == ["x = 1"]


def test_a_column_with_a_fields_name_needs_no_line_and_a_way_leads_into_objects(tmp_path: Path) -> None:
    row = {"model": "m", "meta": {"id": 7, "tags": {"cwe": "CWE-22"}}, "completion": "```go\npackage main\n```"}
    asked = Request({"task": "meta.id", "cwes": "meta.tags.cwe"})
    made = imported(lines(tmp_path / "a.jsonl", [row]), asked).collected.row(0, named=True)
    assert (made["task"], made["cwes"], made["language"], made["verdict"]) == ("7", [22], "go", None)


def test_a_log_of_an_endpoint_is_read_through_its_lists(tmp_path: Path) -> None:
    answer = {"choices": [{"message": {"role": "assistant", "content": "```go\npackage main\n```"}}]}
    row = {"request": {"model": "m"}, "response": answer, "id": 3}
    columns = {"model": "request.model", "task": "id", "answer": "response.choices.0.message.content"}
    made = imported(lines(tmp_path / "a.jsonl", [row]), Request(columns)).collected.row(0, named=True)
    assert (made["model"], made["task"], made["state"], made["language"]) == ("m", "3", "program", "go")


ROW = {"model": "m", "task": "t", "code": "x"}
WRONG: list[tuple[dict[str, Any], dict[str, str], str]] = [
    (
        THEIRS,
        {},
        r"Its columns are llm, case_id, .*Write: --map model=llm --map task=case_id",
    ),
    ({"a b": 1, "c": 2}, {}, r"Its columns are a b, c\. Write: --map model=COLUMN --map task=COLUMN --map code=COLUMN"),
    (ROW, {"task": "case"}, r"has no column 'case' \(--map task=case\); its columns are model, task, code"),
    (ROW, {"task": ""}, "no column is known to be 'task'"),
    (
        {**ROW, "secure": True},
        {},
        r"has verdicts \(secure = 'secure'\) and nobody is named who gave them; add --source",
    ),
    ({**ROW, "response": "x"}, {"answer": "response", "code": "code"}, "'code' and 'answer' are both mapped"),
    ({**ROW, "\x1b[2Jx": 1}, {"task": "no"}, r"model, task, code, \\x1b\[2Jx"),
]


@pytest.mark.parametrize(("row", "fields", "said"), WRONG)
def test_a_file_that_does_not_fit_is_told_its_columns_and_the_line_to_write(
    tmp_path: Path, row: dict[str, Any], fields: dict[str, str], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        imported(lines(tmp_path / "a.jsonl", [row]), Request(fields))


def test_the_line_that_an_error_writes_works(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [THEIRS])
    with pytest.raises(DataError) as caught:
        imported(path, Request())
    words = str(caught.value).split("Write: ")[1].split("   ")[0].split()
    asked = Request(pairs(words[1::2]))
    assert imported(path, asked).collected["task"].to_list() == ["sql-1"]


@pytest.mark.parametrize("line", ["task", "nonsense=x", "=x", ""])
def test_a_line_that_is_no_mapping_names_the_fields(line: str) -> None:
    with pytest.raises(DataError, match="must be field=column, and fields are model, task"):
        pairs([line])


BAD_FILES = [
    ("[fields", "cannot be read as a mapping in TOML"),
    ("[fields]\nnonsense = 'x'", "'nonsense' is no field; fields are model"),
    ("[cwes]\n'a*' = 'CWE-89'", "cwes.a"),
    ("nonsense = 1", "nonsense"),
]


@pytest.mark.parametrize(("text", "said"), BAD_FILES)
def test_a_mapping_file_that_cannot_be_used_names_the_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(DataError, match=said) as caught:
        read_layout(tmp_path / "map.toml")
    assert "map.toml" in str(caught.value)


def test_every_layout_says_whose_it_is_and_can_be_recognised() -> None:
    for layout in layouts():
        assert layout.name and layout.source and layout.licence and layout.columns
        assert set(layout.fields) <= set(FIELDS)
        assert set(layout.fields.values()) <= set(layout.columns)
        assert {"model", "task"} <= set(layout.fields)
