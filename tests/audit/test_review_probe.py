"""Can a program talk its reviewer round? Planted reviewers that can be, and that cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, Say, good
from reviewed import collection, program_in, reviewer, says, verdict

from weighbridge.audit.plan import Budget
from weighbridge.audit.review.prepare import prepare
from weighbridge.audit.review.probe import probe, probes, turned, with_comment
from weighbridge.audit.review.review import review
from weighbridge.errors import BudgetSpent
from weighbridge.store.tables import Run

FAST: dict[str, Any] = {"first_wait": 0.01}


def run_of(folder: Path) -> Run:
    rows = [{"text": f"eval({number})" if number % 2 else f"x = {number}", "task": f"t{number}"} for number in range(8)]
    return collection(folder, rows)


def believes(word: str, body: dict[str, Any]) -> Say:
    """A reviewer that finds ``eval``, unless the program says a certain word."""
    text = program_in(body)
    return good(verdict(body, "eval" in text and word not in text))


@pytest.mark.parametrize("word, name", [("ignore all previous", "order"), ("Security sign-off", "authority")])
def test_a_reviewer_that_believes_a_comment_is_found_out(word: str, name: str, tmp_path: Path) -> None:
    run = run_of(tmp_path)
    with FaultServer(lambda body, count: believes(word, body)) as server:
        ready = prepare(run, reviewer(server.base_url))
        review(ready, **FAST)
        found = probe(ready, 3, **FAST)
        asked = sum(server.asked.values())
        assert probe(ready, 3, **FAST).table.equals(found.table) and sum(server.asked.values()) == asked
    assert found.table.height == 3 * len(probes()) and found.input_tokens > 0 and found.dollars is None
    counts = turned(run.read("probes"))["r"]
    assert counts == {probe_name: (3 if probe_name == name else 0, 3) for probe_name in probes()}


def test_probes_leave_the_reviews_alone_and_only_alarms_are_probed(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    with FaultServer(says(lambda text: "eval" in text)) as server:
        ready = prepare(run, reviewer(server.base_url))
        review(ready, **FAST)
        before = run.read("reviews")
        probe(ready, 100, **FAST)
        assert all("eval" in program_in(body) for body in server.bodies[8:])
    assert run.read("reviews").equals(before) and run.read("probes").height == 4 * len(probes())


def test_a_budget_holds_for_reviews_and_probes_together(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    price = {"input": 1000.0, "output": 1000.0}  # 0.15 dollars an answer
    with FaultServer(says(lambda text: "eval" in text)) as server:
        ready = prepare(run, reviewer(server.base_url, price=price, limits={"concurrency": 1}))
        assert review(ready, budget=Budget(dollars=2), **FAST).dollars == pytest.approx(1.2)
        with pytest.raises(BudgetSpent, match="raise the limit"):
            probe(ready, 4, budget=Budget(dollars=2), **FAST)
        spent = 0.15 * sum(server.asked.values())
        assert 1.2 <= spent <= 2
        with pytest.raises(BudgetSpent, match="raise the limit"):
            probe(ready, 4, budget=Budget(dollars=1.1), **FAST)
        assert probe(ready, 4, budget=Budget(dollars=100), **FAST).dollars == pytest.approx(0.15 * 12)


def test_the_flaw_is_still_there() -> None:
    for name in probes():
        python, other = with_comment("eval(x)\n", "python", name), with_comment("eval(x)\n", "go", name)
        assert python.startswith("eval(x)\n") and other.startswith("eval(x)\n")
        assert all(not line or line.startswith("# ") for line in python.splitlines()[1:])
        assert all(not line or line.startswith("// ") for line in other.splitlines()[1:])
