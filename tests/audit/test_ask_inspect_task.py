"""The suite as an Inspect task. Skipped where Inspect or the cell is not to be had."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

PLAN = """
name = "small"
[tasks]
scenarios = ["file_download"]
stacks = ["python-flask"]
kinds = ["write"]
[contexts]
choose = []
[[models]]
name = "any"
provider = "specimen"
model = "clean"
"""


@pytest.mark.skipif(importlib.util.find_spec("inspect_ai") is None, reason="the extra [inspect] is not installed")
def test_inspect_asks_our_questions_and_our_oracle_judges(tmp_path: Path) -> None:
    from inspect_ai import eval
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    from weighbridge.audit.inspect_task import weighbridge
    from weighbridge.cell import NoIsolation
    from weighbridge.tasks.scenario import scenarios

    known = scenarios()["file_download"]
    twins = known.twins("python-flask")
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    try:
        ours = weighbridge(str(plan))
    except NoIsolation as error:
        pytest.skip(f"no cell here: {error}")
    assert len(ours.dataset) == 1
    found: dict[str, str] = {}
    for kind in ("secure_", "vulnerable_"):
        name = next(twin for twin in twins if twin.startswith(kind))
        said = ModelOutput.from_content("mock", f"```python\n{twins[name]}\n```")
        said.usage = ModelUsage(input_tokens=1, output_tokens=1)
        model = get_model("mockllm/model", custom_outputs=[said], memoize=False)
        log = eval(weighbridge(str(plan)), model=model, log_dir=str(tmp_path), display="none")[0]
        assert log.status == "success", log.error
        assert log.samples and log.samples[0].scores
        found[kind] = str(log.samples[0].scores["secure"].answer)
    assert found == {"secure_": "secure", "vulnerable_": "vulnerable"}
