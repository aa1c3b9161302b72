"""What ``weighbridge review`` prints: programs and cost before and after, agreement with attacks, corrected rates.

Registers no command of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from weighbridge.cli.options import err, out

if TYPE_CHECKING:
    import polars as pl

    from weighbridge.audit.asking.standing import Standing
    from weighbridge.audit.review.prepare import Outlook
    from weighbridge.audit.review.probe import Probed
    from weighbridge.audit.review.review import Reviewed
    from weighbridge.cli.progress import Bars


def _line(text: str) -> str:
    """Text of others, safe for a terminal."""
    from weighbridge.report.hostile import line

    return line(text)


def asking(bars: Bars, step: str = "review") -> Callable[[Standing], None]:
    """A bar that follows the asking."""

    def show(standing: Standing) -> None:
        for one in standing.models.values():
            parts = [f"{count} {state}" for state, count in one.states.items() if state != "answered"]
            parts += [f"{one.input_tokens + one.output_tokens:,} tokens"] if one.output_tokens else []
            parts += [f"{one.dollars:.4f} dollars"] if one.dollars else []
            left = one.seconds_left
            parts += [f"about {left / 60:.0f} min left"] if left and left > 90 else []
            bars.show(
                f"{step}: {_line(one.name)}",
                one.done,
                one.trials,
                "  ".join([*parts, *([one.note] if one.note else [])]),
            )

    return show


def show_outlook(outlook: Outlook, probes: int = 0) -> None:
    say = err().print
    sampled = "" if outlook.chosen == outlook.programs else f", a sample of {outlook.chosen}"
    lines = [
        f"{_line(outlook.reviewer)}: {outlook.programs} distinct programs{sampled}; {outlook.answered} already "
        f"answered, {outlook.to_ask} to ask" + (f", {outlook.too_long} too long to send" if outlook.too_long else "")
    ]
    if outlook.to_ask:
        dollars = "price unknown" if outlook.dollars is None else f"{outlook.dollars:.4f} dollars"
        most = "" if outlook.most_dollars is None else f", {outlook.most_dollars:.4f} dollars"
        lines.append(
            f"expected: about {outlook.input_tokens:,} input and {outlook.output_tokens:,} output tokens without "
            f"reasoning, {dollars}; at most {outlook.most_output_tokens:,} output tokens{most}"
        )
    if probes:
        lines.append(f"and up to {probes} questions more, about programs with a comment that denies the flaw (--probe)")
    for line in lines:
        say(line, markup=False, highlight=False, soft_wrap=True)


def cost(done: Reviewed, probed: Probed | None = None) -> dict[str, Any]:
    asked, told = max(done.asked, 1), done.asked - done.untold
    return {
        "states": done.states,
        "missing": done.missing,
        "input_tokens": done.input_tokens,
        "output_tokens": done.output_tokens,
        "wasted_tokens": done.wasted_tokens,
        "dollars": done.dollars,
        "dollars_known": done.at_least,
        "lost_in_a_kill": done.lost,
        "tokens_unknown": done.untold,
        "tokens_per_program": round((done.input_tokens + done.output_tokens) / told, 1) if told else None,
        "dollars_per_program": None if done.dollars is None else done.dollars / asked,
        **(
            {"probes": {"tokens": probed.input_tokens + probed.output_tokens, "dollars": probed.dollars}}
            if probed
            else {}
        ),
    }


def show_cost(done: Reviewed, name: str, probed: Probed | None = None) -> None:
    used = cost(done)
    states = ", ".join(f"{count} {state}" for state, count in done.states.items())
    each = used["dollars_per_program"]
    dollars = (
        f"{done.dollars:.4f} dollars, {each:.6f} a program"
        if done.dollars is not None
        else f"at least {done.at_least:.4f} dollars, price of the rest unknown"
    )
    wasted = f", {done.wasted_tokens:,} more wasted" if done.wasted_tokens else ""
    lost = f"; {done.lost} requests lost in a kill, perhaps charged" if done.lost else ""
    each_tokens = used["tokens_per_program"]
    tokens = "tokens unknown"
    if each_tokens is not None:
        tokens = f"{done.input_tokens:,} input and {done.output_tokens:,} output tokens ({each_tokens:,.0f} a program)"
    tokens += f", unknown for {done.untold}" if done.untold and each_tokens is not None else ""
    line = f"{_line(name)}: {states}; {tokens}{wasted}, {dollars}{lost}"
    if probed:
        price = "price unknown" if probed.dollars is None else f"{probed.dollars:.4f} dollars"
        used_tokens = probed.input_tokens + probed.output_tokens
        told = f"{used_tokens:,} tokens" if used_tokens else "tokens unknown"
        line += f"; probes: {probed.table.height} answers, {told}, {price}"
    err().print(line, markup=False, highlight=False, soft_wrap=True)


def _interval(row: dict[str, Any], name: str, *, percent: bool = True) -> str:
    if row[name] is None:
        return "no estimate"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if percent:
        return f"{100 * row[name]:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{row[name]:.2f} [{low:.2f}, {high:.2f}]"


def show_agreement(frame: pl.DataFrame, broken: dict[str, dict[str, int]]) -> None:
    """One table a reviewer and source: overall and by CWE, as *says vulnerable* and as *names it*."""
    from rich.markup import escape
    from rich.table import Table

    console = out()
    if frame.is_empty():
        err().print("no program that was reviewed was attacked: how far the reviewer is to be believed is not known")
        return
    for (reviewer, source), group in frame.group_by("reviewer", "source", maintain_order=True):
        console.print(f"[bold]{escape(_line(str(reviewer)))}[/] against attacks, by {escape(_line(str(source)))}")
        table = Table("CWE", "vulnerable", "secure", "tasks", "sensitivity", "false alarms", "kappa")
        for column in ("sensitivity, naming it", "false alarms, naming it"):
            table.add_column(column)
        for _, pair in group.group_by("cwe", maintain_order=True):
            rows = {row["by"]: row for row in pair.iter_rows(named=True)}
            says, names = rows["says vulnerable"], rows["names it or its kin"]
            table.add_row(
                "all" if says["cwe"] is None else str(says["cwe"]),
                *(str(says[column]) for column in ("vulnerable", "secure", "tasks")),
                *(_interval(says, column) for column in ("sensitivity", "false_alarms")),
                _interval(says, "kappa", percent=False),
                *(_interval(names, column) for column in ("sensitivity", "false_alarms")),
            )
        console.print(table)
        console.print(_beside(group, broken.get(str(reviewer))), highlight=False)


def show_probes(probes: dict[str, dict[str, dict[str, int]]]) -> None:
    """How many alarms a comment in the program turned off."""
    for reviewer, rows in probes.items():
        said = ", ".join(f"{name} {row['turned']} of {row['of']}" for name, row in rows.items())
        words = f"{_line(reviewer)}: alarms that a comment in the program turned off: {said or 'none was probed'}"
        out().print(words, markup=False, highlight=False)


def _beside(group: pl.DataFrame, broken: dict[str, int] | None) -> str:
    """What stands under the table: answers that could not be read, and broken programs."""
    whole = next(row for row in group.iter_rows(named=True) if row["cwe"] is None and row["by"] == "says vulnerable")
    unread = whole["unread_vulnerable"] + whole["unread_secure"]
    said = "a program counts once a task; intervals count tasks, not programs"
    if unread:
        said += (
            f"; {unread} programs have no readable verdict and are in no figure: with them sensitivity is "
            f"{_span(whole, 'sensitivity')}, false alarms {_span(whole, 'false_alarms')}"
        )
    if broken:
        said += f"; of {broken['of']} broken programs it calls {broken['called']} vulnerable, rightly or not"
    return said


def _span(row: dict[str, Any], name: str) -> str:
    low, high = row[f"{name}_least"], row[f"{name}_most"]
    return "unknown" if low is None else f"between {100 * low:.0f} and {100 * high:.0f} %"


def _here(row: dict[str, Any], name: str) -> str:
    low, high = row[f"{name}_low_here"], row[f"{name}_high_here"]
    return "" if low is None else f", here [{100 * low:.0f}, {100 * high:.0f}]"


def show_rates(frame: pl.DataFrame, chance: dict[str, dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = out()
    for (reviewer,), group in frame.group_by("reviewer", maintain_order=True):
        console.print(
            f"[bold]exploitable answers[/] over everything asked, with {escape(_line(str(reviewer)))}'s labels"
        )
        table = Table("model", "answers", "proved", "by the reviewer alone", "by proof alone", "corrected", "bounds")
        for row in group.iter_rows(named=True):
            table.add_row(
                escape(_line(row["model"])),
                str(row["answers"]),
                str(row["proved"]),
                _interval(row, "by_reviewer"),
                _interval(row, "by_proof") + _here(row, "by_proof"),
                _interval(row, "corrected") + _here(row, "corrected") if row["corrected"] is not None else row["why"],
                f"{100 * row['least']:.0f} to {100 * row['most']:.0f} %",
            )
        console.print(table)
        console.print(chance[str(reviewer)]["words"], highlight=False)
