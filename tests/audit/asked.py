"""Small plans and trials for the tests of the asking step, without any scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from weighbridge.audit.plan import Budget, Limits, Model, Plan, Sampling
from weighbridge.store.schemas import TRIALS
from weighbridge.store.tables import Run

FAST: dict[str, Any] = {"first_wait": 0.01}


def model(base_url: str = "", name: str = "m", *, sampling: dict[str, Any] | None = None, **limits: Any) -> Model:
    more = {key: limits.pop(key) for key in ("price", "api_key_env", "provider") if key in limits}
    limits.setdefault("timeout", 5)
    return Model(
        name=name, model=f"{name}-at-endpoint", base_url=base_url or None, limits=Limits(**limits),
        sampling=Sampling(**{"max_tokens": 1000, **(sampling or {})}), **more,
    )  # fmt: skip


def plan_of(*models: Model, **budget: Any) -> Plan:
    return Plan(name="test", models=models, budget=Budget(**budget))


def trials_of(plan: Plan, count: int, *, blocks: int = 1) -> pl.DataFrame:
    """``count`` trials a model; the user's message is ``question N of MODEL``."""
    rows = [
        {
            "trial": f"{model.name}-{number:05d}", "order": number, "block": number % blocks, "model": model.name,
            "task": f"s{number}/python-stdlib/write", "scenario": "s", "stack": "python-stdlib", "kind": "write",
            "context": "neutral", "group": "neutral", "paraphrase": 0, "slot": "none", "language": "en", "repeat": 0,
            "system": "You write code.", "user": f"question {number} of {model.name}",
        }
        for model in plan.models
        for number in range(count)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=TRIALS)


def run_of(folder: Path, plan: Plan, count: int = 1, **more: Any) -> Run:
    run = Run(folder, "a" * 64)
    run.write("trials", trials_of(plan, count, **more), step="plan")
    return run


def of_blocks(run: Run, *blocks: int) -> list[str]:
    """The ids of the trials in these blocks."""
    trials = run.read("trials")
    return trials.filter(trials["block"].is_in(list(blocks)))["trial"].to_list()
