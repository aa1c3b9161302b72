"""The last step from numbers to words: correct over the family, apply the rule, say what refusals have to do with it.

Works on the rows that ``effects`` has filled, because both corrections need all of them at once.
"""

from dataclasses import replace

import numpy as np

from weighbridge.stats.columns import known
from weighbridge.stats.design import Design, Outcome
from weighbridge.stats.multiplicity import benjamini_hochberg, holm
from weighbridge.stats.verdict import Evidence, verdict

Cell = float | int | str | bool | None
Row = dict[str, Cell]


def beside_refusals(rows: list[Row], design: Design, of: list[Row] | None = None) -> None:
    """What an outcome's difference would be had every refused request been answered: all, or none of them with it.

    These bounds are sharp (Manski 1990): without assumptions the data allow everything between them. Where refusals
    themselves differ, the reason says so: a refusal is not a safer program. ``of`` are the rows to fill, if not all.
    """
    refused = {(r["model"], r["context"]): r for r in rows if r["outcome"] == design.refused}
    for row in rows if of is None else of:
        row["answered_least"], row["answered_most"] = None, None
        beside = refused.get((row["model"], row["context"]))
        if beside is None or row["outcome"] == design.refused or row["difference_least"] is None:
            continue
        one, zero, r1, r0 = (x[m] for x in (row, beside) for m in ("mean_context", "mean_neutral"))
        if isinstance(one, float) and isinstance(zero, float) and isinstance(r1, float) and isinstance(r0, float):
            row["answered_least"], row["answered_most"] = one - (zero + r0), (one + r1) - zero
            p = beside["p_holm"] if beside["status"] == "planned" else beside["q_bh"]
            if isinstance(p, float) and p <= 1 - design.level and row["word"] is not None:
                row["reason"] = f"{row['reason']}; refusals differ too ({r1:.0%} against {r0:.0%} of everything asked)"


def beside_undelivered(rows: list[Row], design: Design, of: list[Row] | None = None) -> None:
    """Say beside an outcome that broken or cut-off answers differ too: what does not work is not a safer program."""
    for name in design.undelivered:
        undelivered = {(r["model"], r["context"]): r for r in rows if r["outcome"] == name}
        for row in rows if of is None else of:
            beside = undelivered.get((row["model"], row["context"]))
            itself = row["outcome"] in (*design.undelivered, design.refused)
            if beside is None or itself or row["word"] is None or row["difference_least"] is None:
                continue
            p = beside["p_holm"] if beside["status"] == "planned" else beside["q_bh"]
            one, zero = beside["mean_context"], beside["mean_neutral"]
            if isinstance(p, float) and p <= 1 - design.level and isinstance(one, float) and isinstance(zero, float):
                row["reason"] = f"{row['reason']}; {name} answers differ too ({one:.0%} against {zero:.0%})"


def adjust(rows: list[Row]) -> None:
    """Holm over the planned rows and BH over the exploratory ones, for the sign-flip and for the claim (both tests)."""
    for status, correct in (("planned", holm), ("exploratory", benjamini_hochberg)):
        chosen = [row for row in rows if row["status"] == status]
        for source, suffix in (("p", ""), ("p_claim", "_claim")):
            raw = np.array([np.nan if row[source] is None else float(row[source] or 0.0) for row in chosen])
            for row, value in zip(chosen, correct(raw).tolist(), strict=True):
                row["p_holm" + suffix] = known(value) if status == "planned" else None
                row["q_bh" + suffix] = known(value) if status == "exploratory" else None
    for row in rows:
        for name in ("p_holm", "q_bh", "p_holm_claim", "q_bh_claim"):
            row.setdefault(name, None)


def word(row: Row, design: Design) -> tuple[str | None, str]:
    if row["status"] == "placebo":
        return None, "a placebo wording: shown beside the effects, not judged"
    outcome = next(o for o in design.outcomes if o.name == row["outcome"])

    planned = row["status"] == "planned"
    evidence = evidence_of(
        row,
        outcome,
        ("context", "neutral"),
        p_context=number(row, "p_holm" if planned else "q_bh"),
        p_claim=number(row, "p_holm_claim" if planned else "q_bh_claim"),
        no_placebo=str(row["no_placebo"]) if row["no_placebo"] is not None else None,
        is_bounded=row["difference_least"] is not None,
    )
    limits = replace(design.thresholds, alpha=1 - design.level)
    return verdict(evidence, outcome.margin or design.margin, limits)


def number(row: Row, name: str) -> float | None:
    """A cell of a row as a number, None where there is none."""
    value = row[name]
    return float(value) if isinstance(value, int | float) else None


def evidence_of(
    row: Row,
    outcome: Outcome,
    arms: tuple[str, str],
    *,
    p_context: float | None,
    p_claim: float | None,
    no_placebo: str | None,
    is_bounded: bool,
) -> Evidence:
    """What the rule of words reads off a row whose columns of the two arms end in ``arms``.

    ``is_bounded``: the outcome lies between 0 and 1 an answer, so that answers lost in one arm can be accounted for.
    """
    one, other = arms
    low, high = number(row, "rare_low"), number(row, "rare_high")
    missing = number(row, f"missing_{one}") or 0.0, number(row, f"missing_{other}") or 0.0
    return Evidence(
        more_is=outcome.more_is,
        tasks=int(number(row, "tasks") or 0),
        events=number(row, "events_rarer") or 0.0,
        informative=int(number(row, "informative") or 0),
        difference=number(row, "difference"),
        difference_low=number(row, "difference_low"),
        difference_high=number(row, "difference_high"),
        ratio_low=number(row, "ratio_low"),
        ratio_high=number(row, "ratio_high"),
        p_context=p_context,
        p_claim=p_claim,
        no_placebo=no_placebo,
        missing=missing,
        lost=abs(missing[0] - missing[1]) if is_bounded else 0.0,
        mean_neutral=number(row, f"mean_{other}"),
        if_rare=None if low is None or high is None else (low, high),
    )
