"""What becomes of every row of somebody's file: kept with its class, dropped and counted, or refused by name."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from weighbridge.audit.collect.keep import Draft, draft, keep, understand
from weighbridge.audit.collect.mapping import Request
from weighbridge.errors import DataError, RunMismatch, StepMissing
from weighbridge.store.tables import open_run, read_collection, read_plan, write_plan

ROW = {"model": "m", "task": "t", "repeat": 0, "code": "print(1)\n", "functional": True, "secure": True}
OURS = Request(source="them")


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def imported(path: Path, asked: Request = OURS, **options: Any) -> Draft:
    return draft(understand([path], asked, **options))


def one(folder: Path, asked: Request = OURS, **cells: Any) -> dict[str, Any]:
    """What becomes of one row with these cells."""
    row = {name: value for name, value in {**ROW, **cells}.items() if value is not ...}
    made = imported(lines(folder / "a.jsonl", [row]), asked)
    return made.collected.row(0, named=True)


# functional, secure → verdict; ... is a column that is not there
VERDICTS = [
    (True, True, "secure"),
    (True, False, "vulnerable"),
    (False, False, "broken"),
    (False, True, "broken"),
    (False, None, "broken"),
    (True, None, None),
    (None, None, None),
    (None, True, "secure"),
    (None, False, "vulnerable"),
    (..., True, "secure"),
    (..., False, "vulnerable"),
    (True, ..., None),
    ("yes", "no", "vulnerable"),
    (1, 0, "vulnerable"),
    ("1", "", None),
]


@pytest.mark.parametrize(("functional", "secure", "verdict"), VERDICTS)
def test_a_verdict_follows_from_two_answers_and_silence_is_never_secure(
    tmp_path: Path, functional: object, secure: object, verdict: str | None
) -> None:
    row = one(tmp_path, functional=functional, secure=secure)
    assert row["verdict"] == verdict
    assert row["source"] == "them"


@pytest.mark.parametrize(
    ("word", "verdict"),
    [("Secure", "secure"), ("insecure", "vulnerable"), ("refused", "refused"), ("", None), (None, None)],
)
def test_a_verdict_in_words_is_taken(tmp_path: Path, word: str | None, verdict: str | None) -> None:
    assert one(tmp_path, functional=..., secure=..., verdict=word)["verdict"] == verdict


GO = "package main\n\nfunc main() {}\n"
TEXTS: list[tuple[str, object, str, str, str | None]] = [
    ("plain", "print(1)\n", "program", "as given", "print(1)\n"),
    ("null", None, "empty", "none", None),
    ("empty", "", "empty", "none", None),
    ("blank", " \n\t", "empty", "none", None),
    ("NUL", "print(1)\x00", "not text", "none", None),
    ("half a surrogate pair", "print('\ud800')", "not text", "none", None),
    ("dashes", "------\n------", "no program", "0 no program", None),
    ("fence", f"```go\n{GO}```\n", "program", "1 only block", GO),
    ("reasoning", f"<think>\nhm\n```go\nx\n```\n</think>\nHere:\n```go\n{GO}```", "program", "1 only block", GO),
    ("empty reasoning", f"<think>\n\n</think>\n\n{GO}", "program", "5 unfenced", GO),
    ("a closing tag alone", f"hm\n</think>\n\n{GO}", "program", "5 unfenced", GO),
    ("reasoning only", "<think>\nhm", "no program", "0 no program", None),
    ("prose with a fence", f"Sure.\n\n```go\n{GO}```\n", "program", "1 only block", GO),
    ("element", f"<code>\n{GO}</code>", "program", "6 XML element", GO),
    ("nested", f"```xml\n<result><code><path>a.go</path><content>\n<![CDATA[\n{GO}]]></content></code></result>\n```",
     "program", "6 XML element", GO),
    ("prose, then xml", f"Sure.\n```xml\n<result><content><![CDATA[\n{GO}]]></content></result>\n```\nBye.",
     "program", "6 XML element", GO),
    ("nothing in the element", "```xml\n<code>\n\n</code>\n```", "no program", "0 no program", None),
    ("a remark in the element", "<code><!-- Nothing to fix. --></code>", "no program", "0 no program", None),
    ("never closed", "<code>" * 20_000, "no program", "0 no program", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "state", "rule", "program"), [case[1:] for case in TEXTS], ids=[c[0] for c in TEXTS])
def test_every_text_has_a_state_and_the_rule_that_found_its_program(
    tmp_path: Path, text: object, state: str, rule: str, program: str | None
) -> None:
    made = imported(lines(tmp_path / "a.jsonl", [{**ROW, "code": text, "language": "go"}]))
    row = made.collected.row(0, named=True)
    assert (row["state"], row["extraction"].split(";")[0]) == (state, rule)
    assert made.programs["text"].to_list() == ([] if program is None else [program])
    assert row["program"] == (None if program is None else made.programs["program"][0])


FENCED_DOCSTRING = 'def f():\n    """Use it so:\n\n    ```\n    f()\n    ```\n    """\n    return 1\n'


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", FENCED_DOCSTRING),
        ("python", "def f(:\n" + FENCED_DOCSTRING),  # a broken program stays as broken as it is
        ("c", "/* so:\n```\nf();\n```\n*/\nint f(void) { return 1; }\n"),
        ("javascript", "const t = `\n${'```'}\n`;\n"),
        ("go", "package main\r\n\r\nfunc main() {}\r\n"),
        ("cpp", '#include <string>\nstd::string s = "<code>x</code>";\n'),
    ],
)
def test_a_program_stays_as_it_is_whatever_stands_in_it(tmp_path: Path, language: str, code: str) -> None:
    made = imported(lines(tmp_path / "a.jsonl", [{**ROW, "code": code, "language": language}]))
    assert made.programs["text"].to_list() == [code]
    assert made.collected["extraction"].to_list() == ["as given"]


@pytest.mark.parametrize(
    ("answer", "language"),
    [
        ("Sure:\n```python\nprint(1)\n```", "python"),
        ("Sure:\n```js\nlet a = 1;\nlet b = 2;\n```\n```sh\nnpm i\n```", "javascript"),
        ("package main\n\nfunc main() {}\n", "go"),
        ("Sure:\n```\nx y z\n```", ""),
    ],
)
def test_of_an_answer_without_a_language_the_program_says_which(tmp_path: Path, answer: str, language: str) -> None:
    row = one(tmp_path, code=..., answer=answer)
    assert (row["state"], row["language"]) == ("program", language)


def test_a_program_in_c_is_taken_for_the_family(tmp_path: Path) -> None:
    assert (
        one(tmp_path, code="<think>x</think>\n```c\nint f(void) { return 1; }\n```", language="cpp")["state"]
        == "program"
    )


def test_a_huge_program_is_counted_and_not_kept(tmp_path: Path) -> None:
    rows = [
        {**ROW, "repeat": number, "code": "x = 1\n" * size} for number, size in enumerate([1, 1_800_000, 1_800_000])
    ]
    made = imported(lines(tmp_path / "a.jsonl", rows))
    assert made.collected["state"].to_list() == ["program", "too large", "too large"]
    assert made.collected["verdict"].to_list() == ["secure"] * 3
    assert made.programs.height == 1
    assert made.facts["counts"]["too large"] == 2
    assert imported(tmp_path / "a.jsonl", largest=20_000_000).programs.height == 2


def test_a_duplicate_is_dropped_once_and_counted(tmp_path: Path) -> None:
    made = imported(lines(tmp_path / "a.jsonl", [ROW, {**ROW, "repeat": 1}, ROW, ROW]))
    assert made.collected["row"].to_list() == [0, 1]
    assert (made.facts["counts"]["duplicate"], made.facts["rows"]) == (2, 4)


@pytest.mark.parametrize("change", [{"code": "print(2)\n"}, {"secure": False}, {"functional": False}])
def test_two_contents_of_one_answer_are_refused_with_both_rows_named(tmp_path: Path, change: dict[str, Any]) -> None:
    path = lines(tmp_path / "a.jsonl", [ROW, {**ROW, "repeat": 1}, {**ROW, **change}])
    with pytest.raises(DataError, match=r"line 3: is the same answer as line 1 \(model 'm', task 't'"):
        imported(path)


def test_answers_without_a_repeat_need_it_to_be_said(tmp_path: Path) -> None:
    rows = [{**ROW, "code": f"print({number})\n"} for number in (1, 2, 2)]
    path = lines(tmp_path / "a.jsonl", [{k: v for k, v in row.items() if k != "repeat"} for row in rows])
    with pytest.raises(DataError, match="--map repeat=@order"):
        imported(path)
    made = imported(path, Request({"repeat": "@order"}, source="them"))
    assert made.collected["repeat"].to_list() == [0, 1, 2]
    assert made.programs.height == 2


def test_one_task_in_two_languages_is_a_task_in_each_and_one_cluster(tmp_path: Path) -> None:
    rows = [{**ROW, "language": name} for name in ("go", "python")]
    made = imported(lines(tmp_path / "a.jsonl", rows))
    assert made.collected["task"].to_list() == ["t/go", "t/python"]
    assert made.collected["cluster"].to_list() == ["t", "t"]


BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"secure": "maybe"}, r"line 2: column 'secure' holds 'maybe', which is neither yes nor no.*\[values.secure\]"),
    ({"functional": [7]}, "line 2: column 'functional' holds '7', which is neither yes nor no"),
    ({"model": None}, "line 2: column 'model' is empty"),
    ({"model": "  "}, "line 2: column 'model' is empty"),
    ({"task": ""}, "line 2: column 'task' is empty"),
    ({"repeat": -1}, "line 2: column 'repeat' holds '-1'"),
    ({"repeat": 1.5}, "line 2: column 'repeat' holds '1.5'"),
    ({"repeat": "first"}, "line 2: column 'repeat' holds 'first'"),
    ({"repeat": 1e300}, "line 2: column 'repeat' holds"),
    ({"code": 7}, "line 2: column 'code' holds a number"),
    ({"code": [{"text": "x"}]}, "line 2: column 'code' holds a list"),
    ({"model": "m" * 400}, "line 2: column 'model' holds .*no name but a text"),
    ({"task": "a\x1b[31m\nb"}, r"line 2: column 'task' holds 'a\\x1b\[31m\\nb', which is no name"),
    ({"cwes": "SQL injection"}, "line 2: column 'cwes' holds 'SQL injection', which is no list of CWEs"),
    ({"verdict": "vulnerable"}, "line 2: column 'verdict' says vulnerable where the row's other columns say otherwise"),
    ({"verdict": "broken"}, "line 2: column 'verdict' says broken where"),
    ({"verdict": "fine"}, "line 2: column 'verdict' holds 'fine', which is no verdict"),
]


@pytest.mark.parametrize(("cells", "said"), BAD_ROWS)
def test_a_row_that_cannot_be_read_is_named_or_counted(tmp_path: Path, cells: dict[str, Any], said: str) -> None:
    rows = [{**ROW, **{name: None for name in cells if name not in ROW}}, {**ROW, "repeat": 1, **cells}]
    path = lines(tmp_path / "a.jsonl", rows)
    with pytest.raises(DataError, match=said):
        imported(path)
    made = imported(path, skip_bad_rows=True)
    assert made.collected["row"].to_list() == [0]
    assert made.facts["counts"]["unreadable"] == 1
    assert sum(made.facts["counts"].values()) == made.facts["rows"] == 2


CWES = [("CWE-89", [89]), (89, [89]), ([89, 79], [79, 89]), ("CWE-089, cwe_79", [79, 89]), ("['CWE-89']", [89])]


@pytest.mark.parametrize(("cell", "numbers"), [*CWES, (None, None), ("", None), ([], None)])
def test_cwes_are_read_in_any_dress(tmp_path: Path, cell: object, numbers: list[int] | None) -> None:
    assert one(tmp_path, cwes=cell)["cwes"] == numbers


def as_jsonl(text: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "a.jsonl").write_bytes(text.encode("utf-8", "surrogateescape"))
        return folder / "a.jsonl"

    return write


def as_file(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def cut_parquet(folder: Path) -> Path:
    pl.DataFrame([ROW] * 50).write_parquet(folder / "a.parquet")
    whole = (folder / "a.parquet").read_bytes()
    (folder / "a.parquet").write_bytes(whole[: len(whole) // 2])
    return folder / "a.parquet"


def spoiled_parquet(folder: Path) -> Path:
    frame = pl.DataFrame([{**ROW, "repeat": n, "code": f"print({n})" * 99} for n in range(500)])
    frame.write_parquet(folder / "a.parquet", compression="uncompressed")
    whole = bytearray((folder / "a.parquet").read_bytes())
    whole[60:400] = b"\xff" * 340
    (folder / "a.parquet").write_bytes(whole)
    return folder / "a.parquet"


def cut_gzip(folder: Path) -> Path:
    packed = gzip.compress("".join(json.dumps({**ROW, "repeat": n}) + "\n" for n in range(5000)).encode())
    (folder / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    return folder / "a.jsonl.gz"


GOOD = json.dumps(ROW)
BAD_FILES: list[tuple[Callable[[Path], Path], str]] = [
    (lambda folder: folder / "none.parquet", "there is no such file"),
    (as_file("a.parquet", b""), "the file is empty"),
    (as_file("a.parquet", b"model,task\n1,2\n"), "is named like Parquet and is not"),
    (cut_parquet, "this Parquet file cannot be read"),
    (spoiled_parquet, "a.parquet"),
    (cut_gzip, "line .*: cannot be unpacked, the file is cut off"),
    (as_jsonl(GOOD + "\n" + GOOD[:20]), "line 2: is no JSON .*it is the last line, the file may be cut off"),
    (as_jsonl(GOOD + "\n{\n" + GOOD), r"line 2: is no JSON \(.*\); mend it"),
    (as_jsonl(GOOD + "\n[1]\n"), "line 2: holds a list and not an object"),
    (as_jsonl(GOOD + "\n" + '{"model": "' + "\udce9" + '"}\n'), "line 2: is not UTF-8"),
    (as_jsonl('{"a": ' + "[" * 100_000), "holds no JSON object a line"),
    (as_file("a.json", b"[" + GOOD.encode()), "is no whole JSON list"),
    (as_file("a.txt", "model,task\n".encode("utf-16")), "is UTF-16"),
    (as_file("a.bin", b"\x7fELF" + bytes(100)), "is neither Parquet, JSON lines, CSV"),
    (as_file("a.csv", b"model,task,code,functional,secure\n"), "has columns and no row"),
    (as_file("a.csv", b"m,t,print(1)\n"), r"no column is known to be 'model' and 'task' and 'code' or 'answer'"),
    (as_file("a.csv", b"model,task,code,code\n1,2,3,4\n"), "column 'code' stands twice"),
    (as_file("a.csv", b"model,task,code\nm,t\n"), "line 2: has 2 cells where the first line names 3"),
    (as_file("a.csv", b'model,task,code\nm,t,"print(1)\n'), "line 2: cannot be read as CSV"),
    (as_file("a.csv", b"model,task,code\nm,t,\xe9\n"), "line 2: is not UTF-8"),
    (lambda folder: folder, "the folder holds no file of answers"),
]


@pytest.mark.parametrize(("write", "said"), BAD_FILES, ids=[said[:30] for _, said in BAD_FILES])
def test_a_file_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, write: Callable[[Path], Path], said: str
) -> None:
    with pytest.raises(DataError, match=said) as caught:
        imported(write(tmp_path))
    assert str(tmp_path) in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_what_can_be_read_of_a_cut_file_is_taken_where_that_is_allowed(tmp_path: Path) -> None:
    rows = "".join(json.dumps({**ROW, "repeat": n}) + "\n" for n in range(3))
    path = as_jsonl(rows + GOOD[:30])(tmp_path)
    made = imported(path, skip_bad_rows=True)
    assert (made.collected.height, made.facts["counts"]["unreadable"]) == (3, 1)


def frame() -> pl.DataFrame:
    rows = [{**ROW, "repeat": n, "code": f'print("{n}, é\n")\n', "secure": n % 2 == 0} for n in range(4)]
    return pl.DataFrame(rows)


def written(folder: Path) -> Mapping[str, Path]:
    """The same rows in every format."""
    made = frame()
    made.write_parquet(folder / "a.parquet")
    made.with_columns(pl.col("code").cast(pl.Binary)).write_parquet(folder / "binary.parquet")
    made.with_columns(pl.col("model").cast(pl.Categorical)).write_parquet(folder / "odd.name")
    made.write_csv(folder / "a.csv")
    made.write_csv(folder / "a.tsv", separator="\t")
    with (folder / "crlf.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([made.columns, *made.iter_rows()])
    (folder / "bom.csv").write_bytes(b"\xef\xbb\xbf" + (folder / "a.csv").read_bytes())
    made.write_ndjson(folder / "a.jsonl")
    (folder / "a.jsonl.gz").write_bytes(gzip.compress((folder / "a.jsonl").read_bytes()))
    (folder / "a.json").write_text(json.dumps(made.to_dicts()))
    return {path.name: path for path in folder.iterdir()}


def test_the_same_rows_in_any_format_give_the_same_tables(tmp_path: Path) -> None:
    for name, path in written(tmp_path).items():
        made = imported(path)
        assert made.programs["text"].to_list() == frame()["code"].to_list(), name
        assert made.collected["verdict"].to_list() == ["secure", "vulnerable"] * 2, name


def test_zstandard_is_unpacked(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="what unpacks zstandard")
    frame().write_ndjson(tmp_path / "a.jsonl")
    with arrow.CompressedOutputStream(str(tmp_path / "a.jsonl.zst"), "zstd") as stream:
        stream.write((tmp_path / "a.jsonl").read_bytes())
    assert imported(tmp_path / "a.jsonl.zst").collected.height == 4


def test_a_binary_cell_that_is_no_text_is_counted(tmp_path: Path) -> None:
    cells = [b"print(1)", b"\xff\xfe\x00", b"\xff\xfe\x01"]
    rows = pl.DataFrame({"model": ["m"] * 3, "task": ["t"] * 3, "repeat": [0, 1, 2], "code": cells})
    rows.write_parquet(tmp_path / "a.parquet")
    made = imported(tmp_path / "a.parquet")
    assert made.collected["state"].to_list() == ["program", "not text", "not text"]


def test_halves_of_the_models_combine_and_an_overlap_counts_as_duplicates(tmp_path: Path) -> None:
    rows = [{**ROW, "model": name} for name in "abcd"]
    first, second = lines(tmp_path / "1.jsonl", rows[:3]), lines(tmp_path / "2.jsonl", rows[2:])
    made = draft(understand([first, second], OURS))
    assert made.collected["model"].to_list() == ["a", "b", "c", "d"]
    assert made.collected["row"].to_list() == [0, 1, 2, 4]
    assert made.facts["counts"]["duplicate"] == 1
    assert [file["first_row"] for file in made.facts["files"]] == [0, 3]


def test_a_folder_is_read_whole_but_for_what_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / "part" / "deep").mkdir(parents=True)
    lines(tmp_path / "part" / "1.jsonl", [ROW])
    lines(tmp_path / "part" / "deep" / "2.jsonl", [{**ROW, "repeat": 1}])
    (tmp_path / "part" / "README.md").write_text("Answers, as published\n")
    lines(tmp_path / "part" / ".hidden.jsonl", [{**ROW, "repeat": 2}])
    assert imported(tmp_path / "part").collected["repeat"].to_list() == [0, 1]


def test_files_of_different_layouts_do_not_combine(tmp_path: Path) -> None:
    first = lines(tmp_path / "1.jsonl", [{name: ROW[name] for name in ("model", "task", "code")}])
    other = {"model": "m", "case": "SQLInjectionStd", "language": "Go", "mode": "gen", "round": 1}
    second = lines(tmp_path / "2.jsonl", [{**other, "functional": True, "secure": True, "code": "x"}])
    with pytest.raises(DataError, match="another layout"):
        understand([first, second], Request())


def test_importing_again_has_nothing_to_do_and_another_import_is_refused(tmp_path: Path) -> None:
    first, second = lines(tmp_path / "1.jsonl", [ROW]), lines(tmp_path / "2.jsonl", [{**ROW, "repeat": 1}])
    folder = tmp_path / "run"
    assert keep(draft(understand([first, second], OURS)), folder)
    before = (folder / "collection.json").read_bytes()
    assert not keep(draft(understand([second, first], OURS)), folder)
    assert (folder / "collection.json").read_bytes() == before
    for other in (
        understand([first], OURS),
        understand([first, second], Request(source="others")),
        understand([first, second], Request({"secure": ""}, source="them")),
    ):
        with pytest.raises(RunMismatch, match="holds collection"):
            keep(draft(other), folder)


def test_a_killed_import_is_no_collection_and_is_made_again(tmp_path: Path) -> None:
    path, folder = lines(tmp_path / "1.jsonl", [ROW]), tmp_path / "run"
    keep(imported(path), folder)
    (folder / "collection.json").unlink()
    with pytest.raises(StepMissing):
        open_run(folder)
    assert keep(imported(path), folder)
    assert open_run(folder).read("collected").height == 1


def test_a_collection_has_no_plan_and_says_what_it_is_for(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    made = imported(lines(tmp_path / "1.jsonl", [ROW]))
    keep(made, folder)
    assert open_run(folder).plan_hash == made.hash == read_collection(folder)["collection_hash"]
    with pytest.raises(StepMissing, match=r"has no plan.*weighbridge compare --run"):
        read_plan(folder)
    with pytest.raises(RunMismatch, match="collection"):
        write_plan(folder, {}, "x")
    write_plan(tmp_path / "planned", {}, "x")
    with pytest.raises(RunMismatch, match="belongs to a plan"):
        keep(made, tmp_path / "planned")


HOSTILE = [
    "<!--" * 240_000,
    "<code>" * 160_000,
    "<code>\n<![CDATA[" + "<" * 900_000,
    "```\n" * 240_000,
    "<think>" * 140_000,
    "</think>\n" * 100_000,
    "(" * 950_000,
    "```python\n" + "(" * 900_000,
    "<" + " " * 900_000,
    "Sure.\n```\n" + "x = [" * 180_000 + "\n```",
    '"""' * 300_000 + "\n```\n",
    "static " * 140_000 + "\n```\n",
]


@pytest.mark.timeout(60)
def test_texts_made_to_stall_the_reader_do_not(tmp_path: Path) -> None:
    """Each is a megabyte; a quadratic rule would take minutes or hours over one of them."""
    languages = ["python", "c", ""]
    rows = [
        {**ROW, "repeat": number, "code": text, "language": languages[number % 3]}
        for number, text in enumerate(HOSTILE)
    ]
    made = imported(lines(tmp_path / "a.jsonl", rows))
    assert made.collected.height == len(HOSTILE)


@pytest.mark.parametrize("said", ["C/C++", "c/c++", "C and C++", "C++", "cpp"])
def test_a_family_of_languages_is_read_as_the_one_that_reads_both(tmp_path: Path, said: str) -> None:
    assert one(tmp_path, language=said)["language"] == "cpp"


@pytest.mark.parametrize(("language", "is_named"), [("Zig", True), ("Python", False), (None, False)])
def test_a_language_that_nobody_here_knows_is_named(tmp_path: Path, language: str | None, is_named: bool) -> None:
    made = imported(lines(tmp_path / "a.jsonl", [{**ROW, "language": language}]))
    assert any("'zig' (1 rows)" in note for note in made.facts["notes"]) is is_named


@pytest.mark.parametrize(
    ("other", "is_named"), [("Deep-Seek V3", True), ("deepseek-v3", True), ("DeepSeek-V3.1", False)]
)
def test_one_model_in_two_spellings_is_two_models_and_is_named(tmp_path: Path, other: str, is_named: bool) -> None:
    rows = [{**ROW, "model": name} for name in ("DeepSeek-V3", other)]
    made = imported(lines(tmp_path / "a.jsonl", rows))
    assert len(made.facts["models"]) == 2
    assert any("in several spellings" in note for note in made.facts["notes"]) is is_named


def test_a_file_a_model_is_read_by_its_name(tmp_path: Path) -> None:
    nameless = {name: value for name, value in ROW.items() if name != "model"}
    for name in ("Qwen3.5-Plus.jsonl", "GPT-5.2(Thinking).json.gz.jsonl"):
        lines(tmp_path / name, [nameless])
    asked = Request({"model": "@file"}, source="them")
    made = draft(understand([tmp_path], asked))
    assert set(made.facts["models"]) == {"Qwen3.5-Plus", "GPT-5.2(Thinking)"}
    (tmp_path / "Qwen3.5-Plus.jsonl").rename(tmp_path / "Other.jsonl")
    assert understand([tmp_path], asked).hash != made.hash
