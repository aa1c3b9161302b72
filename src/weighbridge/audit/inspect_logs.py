"""Answers as Inspect's ``.eval`` logs, out and in; needs the extra ``[inspect]``.

``export_eval`` writes what a run has been answered so that ``inspect view`` shows it and ``samples_df`` reads it, one
log a model, with the verdicts as scores where they are there. ``import_eval`` reads answers from any Inspect log; from
one that was written here, exactly those that went in. Through Inspect's Python API only: its file format is its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import polars as pl

from weighbridge import __version__
from weighbridge.audit.inspect_extra import require_inspect
from weighbridge.audit.plan import Model, Plan, thaw
from weighbridge.audit.providers.inspect import reasoning_of
from weighbridge.errors import DataError
from weighbridge.store.schemas import ANSWERS, TRIALS
from weighbridge.store.tables import Run

OURS = "weighbridge"
STOP_REASONS = {"length": "max_tokens", "content_filter": "content_filter", "tool_calls": "tool_calls"}
QUESTIONS = pl.Schema(
    {
        "trial": pl.String,
        "model": pl.String,
        "task": pl.String,  # of the log
        "sample": pl.String,
        "epoch": pl.UInt32,
        "system": pl.String,
        "user": pl.String,
        "metadata": pl.String,  # JSON, of the sample
    }
)
SCORES = pl.Schema({"trial": pl.String, "scorer": pl.String, "value": pl.String, "explanation": pl.String})


@dataclass(frozen=True)
class Imported:
    """What stands in Inspect logs: who was asked what, the answers (``store.schemas.ANSWERS``), and others' scores."""

    questions: pl.DataFrame
    answers: pl.DataFrame
    scores: pl.DataFrame


def export_eval(run: Run) -> Path:
    """Write the answers of a run as Inspect logs, and give the folder: one log a model, named like the model.

    Raises:
        WeighbridgeError: Inspect is not installed.
        StepMissing: nothing has been asked yet.
    """
    require_inspect("writing .eval logs")
    from inspect_ai.log import write_eval_log

    plan, _ = thaw(run.folder)
    rows = run.read("trials", step="plan").join(run.read("answers", step="ask"), on="trial", maintain_order="left")
    if run.has("verdicts"):
        rows = rows.join(run.read("verdicts").select("trial", "verdict", "reason"), on="trial", how="left")
    folder = run.folder / "eval"
    folder.mkdir(exist_ok=True)
    for (name,), mine in rows.group_by("model", maintain_order=True):
        beside = folder / f".{_file_name(str(name))}.part.eval"
        write_eval_log(_log(plan, plan.model(str(name)), run.plan_hash, mine), beside, format="eval")
        beside.replace(folder / f"{_file_name(str(name))}.eval")
    return folder


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)


def _log(plan: Plan, model: Model, plan_hash: str, rows: pl.DataFrame) -> Any:
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSpec, EvalStats

    asked = rows["asked_at"].drop_nulls()
    first, last = (asked.min(), asked.max()) if len(asked) else (None, None)
    begun = cast(datetime, first or datetime.now(UTC))
    spec = EvalSpec(
        created=begun.isoformat(timespec="seconds"),
        task=OURS,
        task_display_name=plan.name,
        task_version=plan_hash[:12],
        dataset=EvalDataset(name=plan.name, samples=rows.height, shuffled=True),
        model=f"{model.provider}/{model.model}",
        config=EvalConfig(epochs=int(cast(int, rows["repeat"].max())) + 1),
        packages={OURS: __version__},
        metadata={"plan_hash": plan_hash, "plan": plan.name, "name_of_model": model.name},
    )
    samples = [_sample(model, row) for row in rows.iter_rows(named=True)]
    ended = cast(datetime, last or begun)
    stats = EvalStats(started_at=begun.isoformat(), completed_at=ended.isoformat())
    return EvalLog(status="success", eval=spec, stats=stats, samples=samples)


def _sample(model: Model, row: Mapping[str, Any]) -> Any:
    from inspect_ai.log import EvalError, EvalSample
    from inspect_ai.model import (
        ChatCompletionChoice,
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageUser,
        ContentReasoning,
        ContentText,
        ModelOutput,
        ModelUsage,
    )
    from inspect_ai.scorer import Score

    system = [ChatMessageSystem(content=row["system"])] if row["system"] else []
    question: list[Any] = [*system, ChatMessageUser(content=row["user"])]
    text = row["completion"] or ""
    content: Any = [ContentReasoning(reasoning=row["reasoning"]), ContentText(text=text)] if row["reasoning"] else text
    answer = ChatMessageAssistant(content=content, model=row["served_model"], source="generate")
    usage = None
    if row["input_tokens"] is not None and row["output_tokens"] is not None:
        usage = ModelUsage(
            input_tokens=row["input_tokens"] - (row["cached_tokens"] or 0),
            output_tokens=row["output_tokens"],
            total_tokens=row["input_tokens"] + row["output_tokens"],
            input_tokens_cache_read=row["cached_tokens"],
            reasoning_tokens=row["reasoning_tokens"],
            total_cost=row["dollars"],
        )
    stop: Any = STOP_REASONS.get(row["stop_reason"] or "", "stop" if row["state"] == "answered" else "unknown")
    output = ModelOutput(
        model=row["served_model"] or model.model,
        choices=[ChatCompletionChoice(message=answer, stop_reason=stop)],
        usage=usage,
        time=row["latency"],
        error=row["error"] if row["state"] == "refused" else None,
    )
    failed = EvalError(message=row["error"], traceback="", traceback_ansi="") if row["state"] == "error" else None
    asked_at = row["asked_at"].isoformat() if row["asked_at"] else None
    kept = {name: row[name] for name in ANSWERS if name not in {"completion", "reasoning", "asked_at"}}
    trial = {name: row[name] for name in TRIALS if name not in {"system", "user", "trial"}}
    verdict = row.get("verdict")
    return EvalSample(
        id="/".join([row["task"], row["context"], row["slot"], row["language"]]),
        epoch=row["repeat"] + 1,
        input=question,
        target="",
        messages=[*question, answer],
        output=output,
        scores={"verdict": Score(value=verdict, explanation=row["reason"])} if verdict else None,
        metadata={**trial, "state": row["state"], OURS: {**kept, "asked_at": asked_at}},
        model_usage={output.model: usage} if usage else {},
        started_at=asked_at,
        total_time=row["latency"],
        error=failed,
    )


def import_eval(path: Path) -> Imported:
    """Read the answers in an Inspect log, or in every log of a folder.

    A sample with an error is class *error*, one that was cut off *truncated*, one that a filter stopped *refused*.
    Scores of others are kept as text, beside the answers, and decide nothing.

    Raises:
        WeighbridgeError: Inspect is not installed.
        DataError: the file cannot be read as an Inspect log, or has no samples.
    """
    require_inspect("reading .eval logs")
    from inspect_ai.log import read_eval_log

    files = sorted(path.glob("*.eval")) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{path}: holds no .eval log; give a log, or a folder of logs")
    questions: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    scores: list[dict[str, Any]] = []
    for file in files:
        try:
            log = read_eval_log(str(file), resolve_attachments=True)
        except Exception as error:  # whatever Inspect raises on a damaged file
            raise DataError(
                f"{file}: cannot be read as an Inspect log ({str(error)[:200]}); export it again"
            ) from error
        if not log.samples:
            raise DataError(f"{file}: has no samples; log them (`log_samples`) and export it again")
        for sample in log.samples:
            question, answer = _question(log.eval, sample), _answer(sample)
            question["trial"] = answer["trial"] = answer["trial"] or _key(question)
            questions.append(question)
            answers.append(answer)
            scores += _scores(question["trial"], sample.scores or {})
    return Imported(
        pl.DataFrame(questions, schema=QUESTIONS),
        pl.DataFrame(answers, schema={**ANSWERS}),
        pl.DataFrame(scores, schema=SCORES),
    )


def _key(question: Mapping[str, Any]) -> str:
    whole = [question[name] for name in ("model", "task", "sample", "epoch", "system", "user")]
    return hashlib.sha256(json.dumps(whole, ensure_ascii=False).encode()).hexdigest()[:20]


def _question(spec: Any, sample: Any) -> dict[str, Any]:
    turns: Any = sample.input
    asked = [("user", turns)] if isinstance(turns, str) else [(turn.role, turn.text) for turn in turns]
    return {
        "trial": "",
        "model": cast("dict[str, Any]", spec.metadata or {}).get("name_of_model") or spec.model,
        "task": spec.task,
        "sample": str(sample.id),
        "epoch": sample.epoch,
        "system": "\n\n".join(text for role, text in asked if role == "system"),
        "user": "\n\n".join(text for role, text in asked if role != "system"),
        "metadata": json.dumps(sample.metadata, ensure_ascii=False, default=str),
    }


def _answer(sample: Any) -> dict[str, Any]:
    output = sample.output
    message: Any = output.choices[0].message if output.choices else None
    content: Any = message.content if message is not None else ""
    parts = cast("list[Any]", content) if isinstance(content, list) else []
    reasoning = "\n\n".join(reasoning_of(part) for part in parts if part.type == "reasoning")
    completion = message.text if message is not None else ""
    ours = cast("dict[str, Any]", cast("dict[str, Any]", sample.metadata or {}).get(OURS) or {})
    if ours:
        at = ours.get("asked_at")
        kept = {name: ours.get(name) for name in ANSWERS}
        moment = datetime.fromisoformat(at) if at else None
        return {**kept, "completion": completion, "reasoning": reasoning, "asked_at": moment}
    stop = output.choices[0].stop_reason if output.choices else None
    usage = output.usage
    cached = usage.input_tokens_cache_read if usage else None
    asked = usage.input_tokens + (cached or 0) + (usage.input_tokens_cache_write or 0) if usage else None
    state, error = _state(sample, stop, completion)
    return {
        **dict.fromkeys(ANSWERS),
        "trial": "",
        "state": state,
        "completion": completion,
        "reasoning": reasoning,
        "stop_reason": stop,
        "served_model": output.model or None,
        "input_tokens": asked or None,
        "cached_tokens": cached,
        "reasoning_tokens": usage.reasoning_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage and asked else None,
        "latency": output.time,
        "dollars": usage.total_cost if usage else None,
        "error": error,
        "asked_at": _moment(sample.started_at),
    }


def _moment(value: Any) -> datetime | None:
    if not value:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _state(sample: Any, stop: str | None, completion: str) -> tuple[str, str | None]:
    if sample.error is not None:
        return "error", str(sample.error.message)[:500]
    if stop in {"max_tokens", "model_length"}:
        return "truncated", None
    if stop == "content_filter":
        return "refused", sample.output.error
    if not completion.strip():
        return "error", "the log holds no answer"
    return "answered", None


def _scores(trial: str, scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"trial": trial, "scorer": name, "value": _text(score.value), "explanation": score.explanation}
        for name, score in scores.items()
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
