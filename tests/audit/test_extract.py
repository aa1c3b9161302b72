"""Which program does an answer hold? Real answers of local models against labels by hand, and a table of hard cases.

Programs in answers are read as text and parsed; none is ever run.
"""

# A row of the tables is one answer, and wrapping it would hide where its lines end.
# ruff: noqa: E501

import ast
import json
import textwrap
import time
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.audit.extract import Rule, extract
from weighbridge.audit.reasoning import split_reasoning

ANSWERS = Path(__file__).parent / "answers"
REQUESTS = {
    request["id"]: request
    for path in sorted(ANSWERS.glob("requests*.toml"))
    for request in tomllib.loads(path.read_text(encoding="utf-8"))["request"]
}
LABELS: dict[str, dict[str, list[list[int]]]] = tomllib.loads((ANSWERS / "labels.toml").read_text(encoding="utf-8"))


def real_answers() -> list[Any]:
    found = []
    for model in LABELS:
        kept = json.loads((ANSWERS / f"{model}.json").read_text(encoding="utf-8"))
        found += [pytest.param(model, answer, id=f"{model}-{answer['id']}") for answer in kept["answers"]]
    return found


@pytest.mark.parametrize(("model", "answer"), real_answers())
def test_real_answer_gives_the_program_that_a_reader_would_take(model: str, answer: dict[str, str]) -> None:
    request = REQUESTS[answer["id"]]
    expected = LABELS[model][answer["id"]]
    lines = answer["completion"].split("\n")
    found = extract(
        answer["completion"], language=request.get("language", "python"), entry_names=tuple(request["expect"])
    )
    if not expected:
        assert found.program is None, found
        return
    parts = ["\n".join(lines[first - 1 : last]).strip("\n") for first, last in expected]
    assert found.program == "\n\n".join(parts) + "\n", found
    fences_even = sum(line.lstrip().startswith("```") for line in lines) % 2 == 0
    assert found.cut_off == (answer["stop_reason"] == "length" and not fences_even and expected[-1][1] == len(lines))


def test_every_kept_answer_has_a_label_and_every_label_an_answer() -> None:
    for model, labels in LABELS.items():
        kept = json.loads((ANSWERS / f"{model}.json").read_text(encoding="utf-8"))
        assert {a["id"] for a in kept["answers"]} == set(labels)


STORE = "import hashlib\n\ndef hash_password(p):\n    return hashlib.sha256(p.encode()).hexdigest()"
BOTH = f"{STORE}\n\ndef verify_password(p, s):\n    return hash_password(p) == s"
APP = 'from flask import Flask\n\napp = Flask(__name__)\n\n@app.route("/a")\ndef a():\n    return "a"'
USE = 'print(hash_password("x"))'
NAMES = ("hash_password",)

# name, answer, entry names, program that is expected (None: none), rule
CASES: list[tuple[str, str, tuple[str, ...], str | None, Rule]] = [
    ("one block", f"Sure:\n```python\n{STORE}\n```\nDone.", NAMES, STORE, Rule.ONLY_BLOCK),
    ("tag in capitals", f"```Python3\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("tag py with more", f'```py title="a.py"\n{STORE}\n```', NAMES, STORE, Rule.ONLY_BLOCK),
    ("file name for a tag", f"```app.py\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("pandoc attributes", f"```{{.python .numberLines}}\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("no tag", f"```\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("tag of another language", f"```javascript\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("really another language", "```javascript\nfunction hash_password(p) {}\n```", NAMES, None, Rule.NO_PROGRAM),
    ("tildes", f"~~~python\n{STORE}\n~~~", NAMES, STORE, Rule.ONLY_BLOCK),
    ("tildes around backticks", f'~~~python\n{STORE}\nX = """\n```\n"""\n~~~', NAMES, f'{STORE}\nX = """\n```\n"""', Rule.ONLY_BLOCK),
    ("longer fence", f"````python\n{STORE}\n# ```\n````", NAMES, f"{STORE}\n# ```", Rule.ONLY_BLOCK),
    ("windows line ends", f"```python\n{STORE}\n```".replace("\n", "\r\n"), NAMES, STORE, Rule.ONLY_BLOCK),
    ("byte-order mark", f"\ufeff```python\n\ufeff{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("NUL", f"```python\n{STORE}\x00\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("half a surrogate", f"\ud800```python\n{STORE}\n```".replace("\ud800", "\ud800\n"), NAMES, STORE, Rule.ONLY_BLOCK),
    ("indented in a list", "1. So:\n   ```python\n   " + STORE.replace("\n", "\n   ") + "\n   ```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("body indented, fence not", "```python\n    " + STORE.replace("\n", "\n    ") + "\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("fence behind a list mark", "- ```python\n  " + STORE.replace("\n", "\n  ") + "\n  ```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("fence behind a sentence", f"Here it is: ```python\n{STORE}\n```\nDone.", NAMES, STORE, Rule.ONLY_BLOCK),
    ("fences inside a docstring", f'```python\n{STORE}\n\ndef f():\n    """Like so:\n\n    ```python\n    f()\n    ```\n    """\n```\nDone.', NAMES, f'{STORE}\n\ndef f():\n    """Like so:\n\n    ```python\n    f()\n    ```\n    """', Rule.ONLY_BLOCK),
    ("inside a Markdown block", f"```markdown\n# Title\n```python\n{STORE}\n```\nText\n```\nBye.", NAMES, STORE, Rule.ONLY_BLOCK),
    ("closing fence forgotten", f"```python\n{STORE}\n\nRun it:\n```bash\npython a.py\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("usage after", f"```python\n{STORE}\n```\nUse:\n```python\n{USE}\n```", NAMES, STORE, Rule.LAST_WHOLE_BLOCK),
    ("usage with import after", f"```python\n{STORE}\n```\n```python\nfrom store import hash_password\nx = {USE}\n```", NAMES, STORE, Rule.LAST_WHOLE_BLOCK),
    ("pip before", f"```\npip install x\n```\n```python\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("pip under a Python tag", f"```python\npip install x\n```\n```python\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("requirements, JSON, output", f'```\nflask==2.0\n```\n```python\n{STORE}\n```\n```\n{{"a": 1}}\n```\n```\nab12\n```', NAMES, STORE, Rule.ONLY_BLOCK),
    ("session under a Python tag", f"```python\n{STORE}\n```\n```python\n>>> {USE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("better version after", f"```python\n{STORE}\n```\nBetter:\n```python\n{BOTH}\n```", NAMES, BOTH, Rule.LAST_WHOLE_BLOCK),
    ("first the given code, then the new", f"```python\n{STORE}\n```\nChanged:\n```python\n{STORE}  # new\n```", NAMES, f"{STORE}  # new", Rule.LAST_WHOLE_BLOCK),
    ("fragment after the whole", f"```python\n{BOTH}\n```\nOr salt:\n```python\ndef hash_password(p): ...\n```", NAMES, BOTH, Rule.LAST_WHOLE_BLOCK),
    ("settings fragment of app", f"```python\n{APP}\n```\nLater:\n```python\napp = Flask(__name__)\n```", ("app",), APP, Rule.LAST_WHOLE_BLOCK),
    ("two parts of one file", f"```python\n{STORE}\n```\nand\n```python\ndef verify_password(p, s):\n    return hash_password(p) == s\n```", ("hash_password", "verify_password"), BOTH, Rule.PARTS_JOINED),
    ("imports first, function second", f"```python\nimport hashlib\n```\n```python\n{STORE.partition(chr(10) * 2)[2]}\n```", NAMES, STORE, Rule.PARTS_JOINED),
    ("helper after", "```python\ndef run(x):\n    return helper(x)\n```\n```python\ndef helper(x):\n    return x\n```", ("run",), "def run(x):\n    return helper(x)\n\ndef helper(x):\n    return x", Rule.PARTS_JOINED),
    ("route in a block of its own", f'```python\n{APP}\n```\n```python\n@app.route("/b")\ndef b():\n    return "b"\n```', ("app",), f'{APP}\n\n@app.route("/b")\ndef b():\n    return "b"', Rule.PARTS_JOINED),
    ("route replaced in a fragment", f'```python\n{APP}\n```\nLimit it:\n```python\n@app.route("/a")\ndef a():\n    return ""\n```', ("app",), APP, Rule.LAST_WHOLE_BLOCK),
    ("usage in somebody's app", f'```python\n{STORE}\n```\n```python\n@app.post("/u")\ndef u():\n    return hash_password("a")\n```', NAMES, STORE, Rule.LAST_WHOLE_BLOCK),
    ("broken program, sound usage", f"```python\n{STORE} +\n```\n```python\n{USE}\n```", NAMES, f"{STORE} +", Rule.NEAREST_BLOCK),
    ("only a usage example", f"```python\n{USE}\n```", NAMES, None, Rule.NO_PROGRAM),
    ("wrong name", "```python\ndef h(p):\n    return p\n```", NAMES, "def h(p):\n    return p", Rule.ONLY_BLOCK),
    ("unclosed block", f"```python\n{STORE}", NAMES, STORE, Rule.ONLY_BLOCK),
    ("unclosed block, prose after", f"```python\n{STORE}\n\nThis hashes the password, as you asked.", NAMES, STORE, Rule.ONLY_BLOCK),
    ("whole block, then one cut off", f"```python\n{BOTH}\n```\nBetter:\n```python\n{BOTH}\nx = 1", NAMES, BOTH, Rule.LAST_WHOLE_BLOCK),
    ("no fence, all code", STORE, NAMES, STORE, Rule.UNFENCED),
    ("no fence, prose around", f"Sure, here is the code:\n\n{STORE}\n\nThis function hashes the password. Call it so.", NAMES, STORE, Rule.UNFENCED),
    ("no fence, heading after", f"{STORE}\n\n### Explanation\nThe function hashes, as asked.", NAMES, STORE, Rule.UNFENCED),
    ("no fence, Chinese around", f"好的，代码如下：\n{STORE}\n\n该函数返回密码的哈希值。", NAMES, STORE, Rule.UNFENCED),
    ("no fence, two stretches", f"First:\n{STORE}\n\nThen the check, like this.\n\ndef verify_password(p, s):\n    return hash_password(p) == s", ("hash_password", "verify_password"), BOTH, Rule.UNFENCED),
    ("no fence, broken code stays broken", f"{STORE}\n\nx = = 1\n\ndef g(:\n    pass", NAMES, f"{STORE}\n\nx = = 1\n\ndef g(:\n    pass", Rule.UNFENCED),
    ("no fence, all indented", "    " + STORE.replace("\n", "\n    "), NAMES, STORE, Rule.UNFENCED),
    ("no fence, table first", f"LIMITS = {{\n    'a': 1,\n}}\n\n{STORE}", NAMES, f"LIMITS = {{\n    'a': 1,\n}}\n\n{STORE}", Rule.UNFENCED),
    ("no fence, comment first", f"# store.py\n{STORE}", NAMES, f"# store.py\n{STORE}", Rule.UNFENCED),
    ("refusal", "I'm sorry, but I can't assist with that.", NAMES, None, Rule.NO_PROGRAM),
    ("prose", "A race condition occurs when two threads write.\n\nAvoid it with locks.", NAMES, None, Rule.NO_PROGRAM),
    ("prose that begins like code", "import the module first. Then class of\nfrom there on = it works.", NAMES, None, Rule.NO_PROGRAM),
    ("one word", "Sorry", NAMES, None, Rule.NO_PROGRAM),
    ("Chinese prose", "好的\n\n数据库事务是一个完整的操作单位。", NAMES, None, Rule.NO_PROGRAM),
    ("empty", "", NAMES, None, Rule.NO_PROGRAM),
    ("empty block", "```python\n```", NAMES, None, Rule.NO_PROGRAM),
    ("diff under a Python tag", "```python\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n def hash_password(p): ...\n```", NAMES, None, Rule.NO_PROGRAM),
    ("reasoning closed", f"<think>\n```python\ndef hash_password(p): return p\n```\n</think>\n```python\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("reasoning only closed", f"I write:\n```python\ndef hash_password(p): return p\n```\n</think>\n\n```python\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("reasoning with an open fence", f"Hm\n```python\ndef hash_password(p):\n</think>\n```python\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("reasoning ends in a sentence", f"Is it so?\n```python\nx\n```\nYes, app it is: \"app\"</think>```python\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("reasoning ends in a word", f"Let me write it</think>\n```python\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("reasoning twice", f"<think>a</think>\nFirst.\n<think>\n```python\nx = 1\n```\n</think>\n```python\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("reasoning that speaks of the tag", f"<think>\nI end with `</think>` then.\n```python\nx = 1\n```\n</think>\n```python\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("closing tag in a program's regular expression", f'```python\n{STORE}\nTAG = r"<think>.*?</think>\\s*"\n```', NAMES, f'{STORE}\nTAG = r"<think>.*?</think>\\s*"', Rule.ONLY_BLOCK),
    ("opening tag in a program's string", f'```python\n{STORE}\nTAG = """\n<think>\n"""\n```', NAMES, f'{STORE}\nTAG = """\n<think>\n"""', Rule.ONLY_BLOCK),
    ("Markdown block, then a block without tag", f"```markdown\n```bash\nls\n```\nText\n```\nSo:\n```\n{STORE}\n```", NAMES, STORE, Rule.ONLY_BLOCK),
    ("reasoning never closed", f"<think>\n```python\n{STORE}\n```\nLooks good", NAMES, None, Rule.NO_PROGRAM),
    ("tag in a program's string", f'```python\n{STORE}\nTAG = "</think>"\n```', NAMES, f'{STORE}\nTAG = "</think>"', Rule.ONLY_BLOCK),
    ("no names: block with a function", f"```python\n{USE}\n```\n```python\n{STORE}\n```", (), STORE, Rule.LAST_WHOLE_BLOCK),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "names", "expected", "rule"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_extraction_follows_the_written_rule(
    answer: str, names: tuple[str, ...], expected: str | None, rule: Rule
) -> None:
    found = extract(answer, language="python", entry_names=names)
    assert found.program == (None if expected is None else expected + "\n"), found
    assert found.rule == rule


JS = "const http = require('http');\nfunction createServer() {\n  return http.createServer();\n}\nmodule.exports = { createServer };"
OTHER_CASES: list[tuple[str, str, str, tuple[str, ...], str | None]] = [
    ("js block", "node", f"```js\n{JS}\n```\n```bash\nnode a.js\n```", ("createServer",), JS),
    ("longest that has the names", "javascript", f"```javascript\n{JS}\n```\n```js\ncreateServer().listen(1);\n```", ("createServer",), JS),
    ("no tag", "javascript", f"```\nnpm install\n```\n```\n{JS}\n```", ("createServer",), JS),
    ("another language", "go", f"```js\n{JS}\n```", ("createServer",), None),
    ("no fence", "javascript", JS, ("createServer",), JS),
    ("no fence, comment first", "javascript", f"/*\n * A server.\n */\n// ready\n{JS}", ("createServer",), f"/*\n * A server.\n */\n// ready\n{JS}"),
    ("no fence, declaration first", "c", "static int f(void) {\n  return 0;\n}", ("f",), "static int f(void) {\n  return 0;\n}"),
    ("no fence, go", "go", "package main\n\nfunc main() {}", ("main",), "package main\n\nfunc main() {}"),
    ("no fence, prose", "go", "A package main is needed.", ("main",), None),
    ("indented in a list", "c", "1. So:\n   ```c\n   int main(void) {\n     return 0;\n   }\n   ```", ("main",), "int main(void) {\n  return 0;\n}"),
    ("longer fence", "javascript", "````js\nconst a = `\n```\n`;\n````", ("a",), "const a = `\n```\n`;"),
    ("html before", "c", "```html\n<p>\n```\n```C\n#include <stdio.h>\nint main(void) { return 0; }\n```", ("main",), "#include <stdio.h>\nint main(void) { return 0; }"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "answer", "names", "expected"), [c[1:] for c in OTHER_CASES], ids=[c[0] for c in OTHER_CASES]
)
def test_other_languages_go_by_tag_name_and_length(
    language: str, answer: str, names: tuple[str, ...], expected: str | None
) -> None:
    assert extract(answer, language=language, entry_names=names).program == (expected and expected + "\n")


def test_answer_that_stops_inside_a_block_is_marked_cut_off() -> None:
    assert extract(f"```python\n{STORE}", language="python", entry_names=NAMES).cut_off
    assert not extract(f"```python\n{STORE}\n```", language="python", entry_names=NAMES).cut_off
    assert not extract(f"```python\n{STORE}\n\nAll done, as asked.", language="python", entry_names=NAMES).cut_off
    assert not extract(f"```python\n{STORE}\n```\n```bash\nls", language="python", entry_names=NAMES).cut_off


def test_reasoning_is_given_apart() -> None:
    split = split_reasoning("<think>\nlet me see\n</think>\n\nHere you are.")
    assert split.reasoning == "let me see"
    assert split.answer.strip() == "Here you are."
    assert split_reasoning("No tags `<think>` here.").answer == "No tags `<think>` here."


MEGABYTES = 10_000_000
LARGE = {
    "spaces": " " * MEGABYTES,
    "assignment and spaces": ("x" + " " * 4990 + "y\n") * (MEGABYTES // 5000),
    "backticks": "`" * MEGABYTES,
    "fences": "```\n" * (MEGABYTES // 4),
    "python fences": "```python\n" * (MEGABYTES // 10),
    "small blocks": "```python\nx = 1\n```\n" * (MEGABYTES // 20),
    "blocks with names": "```python\ndef f(): return g\n```\n" * (MEGABYTES // 32),
    "one block": "```python\n" + "x = [1, 2, 3]\n" * (MEGABYTES // 14) + "```",
    "odd quotes": "```python\nx = '''\n```\n" * (MEGABYTES // 22),
    "think tags": "<think>\n" * (MEGABYTES // 8),
    "closing tags": "</think>" * (MEGABYTES // 8),
    "open and close": "<think>\n</think>\n" * (MEGABYTES // 17),
    "imports": "import os\n" * (MEGABYTES // 10),
    "imports and prose": "import os\nThis is it.\n" * (MEGABYTES // 22),
    "brackets": "def f():\n" + "(" * MEGABYTES,
    "quotes": "def f():\n" + "\"'" * (MEGABYTES // 2),
    "prose": "This is a line of prose, nothing else.\n" * (MEGABYTES // 39),
    "nested": "```python\nx = " + "(" * 90 + ")" * 90 + "\n" + "-" * MEGABYTES + "1\n```",
    "calls": "```js\n" + "f(" * (MEGABYTES // 4) + "\n```\n```js\n" + "f(a, " * (MEGABYTES // 10),
    "headings": "import os\n" + "\n# a\n" * (MEGABYTES // 5) + "\nThe end of it.",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE.keys())
@pytest.mark.timeout(60)
def test_answer_of_ten_megabytes_does_not_stall_the_run(text: str) -> None:
    """Not a benchmark: quadratic work on ten megabytes would take hours, and the time-out is where it shows."""
    extract(text, language="python", entry_names=("f", "g"))
    extract(text, language="javascript", entry_names=("f",))


FRAGMENTS = st.sampled_from(
    ["```python", "```", "~~~", "```bash", "   ```py", "<think>", "</think>", "def f(x):", "    return x", "import os", "x = 1",
     "'''", '"""', "print(f(1))", "Here is the code:", "好的", "", "@app.get('/')", "app = X()", "pip install y", "# Title", ")", "(",
     "\x00", "\r", "\ud800", "````", ">>> f(1)"]
)  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(FRAGMENTS, max_size=30).map("\n".join) | st.text(max_size=200), st.sampled_from(["python", "go"]))
def test_any_text_gives_a_program_made_of_its_own_lines_or_none(text: str, language: str) -> None:
    found = extract(text, language=language, entry_names=("f",))
    if found.program is None:
        assert found.rule == Rule.NO_PROGRAM
        return
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").replace("\ud800", "?")
    own = {
        line.strip() for line in plain.split("\n") + plain.replace("</think>", "").replace("<think>", "").split("\n")
    }
    assert {line.strip() for line in found.program.split("\n")} <= own | {""}
    assert found.program.endswith("\n")


@pytest.mark.parametrize("depth", ["(", "[", "-", "not ", "lambda:", "f(", "x.a", "a if b else "])
def test_deep_nesting_is_no_crash(depth: str) -> None:
    text = f"```python\ndef f():\n    return {depth * 20_000}1\n```"
    found = extract(text, language="python", entry_names=("f",))
    assert found.program is not None


def test_valid_programs_stay_valid() -> None:
    for path in sorted(Path(ast.__file__).parent.glob("[a-f]*.py"))[:15]:
        source = path.read_text(encoding="utf-8").strip("\n")
        started = time.perf_counter()
        found = extract(f"Here:\n\n```python\n{source}\n```\n", language="python", entry_names=())
        assert found.program == source + "\n" or "```" in source, (path, time.perf_counter() - started)


SIGN = {"python": "def ", "go": "package ", "javascript": "function|=>", "c": "#include"}
FRONTIER = Path(__file__).parents[3] / "shared/data/answers/seccodebench_v2.2.0_14_models.parquet"


@pytest.mark.skipif(not FRONTIER.exists(), reason="../shared/data (programs of 14 frontier models) is not here")
@pytest.mark.parametrize(
    ("published", "language"), [("Python", "python"), ("Go", "go"), ("Node.js", "javascript"), ("C/C++", "c")]
)
def test_programs_of_frontier_models_come_back_whole(published: str, language: str) -> None:
    """Fenced, bare and, for Python, between sentences. What the publisher kept with tags or fences in it is left out."""
    programs = (
        pl.read_parquet(FRONTIER, columns=["language", "code"])
        .filter(pl.col("language") == published, pl.col("code").str.contains(SIGN[language]))
        .filter(~pl.col("code").str.contains("```|</?(?:think|code|result|path|fix)|^(?:I |Looking )"))
        .sample(250, seed=7)["code"]
        .to_list()
    )
    lost: list[str] = []
    for code in programs:
        own = textwrap.dedent(code.replace("\r\n", "\n")).strip("\n")
        fence = "~~~" if "```" in own else "```"
        answers = [f"Here:\n\n{fence}{language}\n{own}\n{fence}\nDone.", own]
        if language == "python":
            answers.append(f"Sure! Here it is:\n\n{own}\n\nThis validates its input. It is ready to use.")
        lost += [answer for answer in answers if extract(answer, language=language).program != own + "\n"]
    # Some open with a comment apart from the code, which bare text cannot keep; the program is the same.
    assert len(lost) <= 4, [answer[:300] for answer in lost]
