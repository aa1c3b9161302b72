"""``weighbridge gap``: how far the best of one side is from the best of the other, in points, percent and months."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighbridge.cli.options import AsJson, err, out, print_json

if TYPE_CHECKING:
    from weighbridge.gap import Gap, Lag, Measured, Remark


PERCENT = (
    "% is (leader − trailer) / trailer, as the AI Index counts it; a percent of a rating has no unit, "
    "the expected win rate has one."
)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("gap", help="How far the best of one side is from the best of the other: points, percent, months.")(gap)


def gap(
    ratings: Annotated[Path | None, typer.Option("--ratings", help="A CSV or Parquet file of ratings by date.")] = None,
    official: Annotated[str | None, typer.Option("--official", help="Fetch from a publisher: arena or epoch.")] = None,
    board: Annotated[str | None, typer.Option("--board", help="Which board or category of the file.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="One day (YYYY-MM-DD); without it, every day.")] = None,
    between: Annotated[
        str, typer.Option("--between", help="Two sides: US,CN; FR,CN; open,closed; CN,rest …")
    ] = "US,CN",
    columns: Annotated[
        str | None, typer.Option("--columns", help="Where columns have other names: model=Name,rating=Elo")
    ] = None,
    scale: Annotated[str | None, typer.Option("--scale", help="elo (a difference is a win rate) or other.")] = None,
    hole_days: Annotated[
        int, typer.Option("--hole-days", min=1, help="A longer time without a snapshot is a hole.")
    ] = 30,
    draws: Annotated[int, typer.Option("--draws", min=100, help="Draws of the whole vector of ratings.")] = 2000,
    catalogue: Annotated[
        Path | None, typer.Option("--catalog", help="Your own models and makers: a CSV with model, maker …")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the chart over time to this page.")] = None,
    save: Annotated[Path, typer.Option("--save", help="Where --official keeps what it fetched.")] = Path("ratings"),
    configuration: Annotated[
        str | None, typer.Option("--configuration", help="Arena's leaderboard: text, text_style_control …")
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Another address than the publisher's known one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    from weighbridge import catalog
    from weighbridge.errors import DataError
    from weighbridge.gap import Remark, day_for, measure, on_day, sides
    from weighbridge.gap import official as publishers
    from weighbridge.gap import ratings as reading

    if (ratings is None) == (official is None):
        raise DataError(
            "give either --ratings FILE or --official arena|epoch, so that it is clear which ratings are meant"
        )
    pair = sides.pair(between)
    asked = _day(on)
    elo = {None: None, "elo": True, "other": False}.get(scale, scale)
    if isinstance(elo, str):
        raise DataError(f"--scale '{scale}': write elo or other")
    path = ratings
    if path is None and official is not None:
        path = publishers.fetch(official, save, configuration=configuration, address=address)
        board = board or publishers.default_board(official)
    history = reading.read(path or Path(), board=board, columns=_mapping(columns), elo=elo)
    book = catalog.load(catalogue)
    whole = asked is None or html is not None
    only = None if whole or asked is None else day_for(history, asked)
    measured = measure(history, book, pair, draws=draws, hole_days=hole_days, with_lag=whole, only=only)
    one, extra = on_day(measured, asked) if asked else (None, None)
    if only is not None and asked is not None and only != asked:
        away = (asked - only).days
        text = f"there is no snapshot of {asked}; this is the last one before it, of {only} ({away} days earlier)"
        extra = None if history.kind == "releases" else Remark("no-such-day", text, away > hole_days, only)
    remarks = [*([extra] if extra else []), *measured.remarks]
    if html is not None:
        from weighbridge.gap import chart

        chart.write(measured, html, _summary(measured))
    if as_json:
        print_json(_json(measured, one, remarks))
        return
    _print(measured, one, remarks)
    if html is not None:
        err().print(f"chart: {html}")


def _day(text: str | None) -> date | None:
    from weighbridge.errors import DataError

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"--on '{text}' is not a day; write YYYY-MM-DD") from None


def _mapping(text: str | None) -> dict[str, str]:
    from weighbridge.errors import DataError

    pairs = [piece.split("=", 1) for piece in (text or "").split(",") if piece.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise DataError(
            f"--columns '{text}': write pairs with a comma between them, e.g. model=Name,rating=Elo,date=Day"
        )
    return {ours.strip(): theirs.strip() for ours, theirs in pairs}


def _json(measured: Measured, one: Gap | None, remarks: list[Remark]) -> dict[str, Any]:
    data = {"file": Path(measured.ratings.path).name, "sha256": measured.ratings.sha256, "kind": measured.ratings.kind,
            "form": measured.ratings.form, "scale": "elo" if measured.ratings.elo else "other"}  # fmt: skip
    said = [{"kind": r.kind, "date": r.date, "serious": r.serious, "count": r.count, "text": r.text} for r in remarks]
    if one is not None:
        return {**_row(one), "between": list(measured.between), "data": data, "remarks": said}
    return {
        "board": measured.ratings.board, "between": list(measured.between), "gaps": [_row(g) for g in measured.gaps],
        "lead_changes": _plain(measured.lead_changes), "lag": _plain(measured.lag), "data": data, "remarks": said,
    }  # fmt: skip


def _row(gap: Gap) -> dict[str, Any]:
    def best(side: Any) -> dict[str, Any]:
        return {"country": side.country, "side": side.side, "model": side.model, "rating": side.rating, "low": side.low,
                "high": side.high}  # fmt: skip

    return {
        "date": gap.date, "board": gap.board, "leader": best(gap.leader), "trailer": best(gap.trailer),
        "points": gap.points, "percent": gap.percent, "percent_of_leader": gap.percent_of_leader,
        "win_rate": gap.win_rate, "p_leader_leads": gap.p_leader_leads, "tie": gap.tie,
        "unknown_above_trailer": [{"model": model, "rating": rating} for model, rating in gap.decisive],
    }  # fmt: skip


def _plain(value: Any) -> dict[str, Any] | None:
    from dataclasses import asdict

    return None if value is None else asdict(value)


def _print(measured: Measured, one: Gap | None, remarks: list[Remark]) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = out()
    shown = [one] if one else measured.gaps
    first, second = measured.between
    title = f"{first} against {second}" + (f", board {measured.ratings.board}" if measured.ratings.board else "")
    table = Table(title=title, title_justify="left")
    for name in ("date", "leader", "trailer"):
        table.add_column(name, overflow="fold")
    for name in ("points", "%", "win rate", "P(leads)", "tie"):
        table.add_column(name, justify="right")
    for row in shown:
        table.add_row(
            str(row.date), escape(_name(row.leader)), escape(_name(row.trailer)), f"{row.points:.1f}",
            f"{row.percent:.2f}",
            "–" if row.win_rate is None else f"{100 * row.win_rate:.1f} %", _probability(row.p_leader_leads),
            "?" if row.tie is None else "tied" if row.tie else "no",
        )  # fmt: skip
    console.print(table)
    if one is None:
        for line in _summary(measured):
            console.print(escape(line), highlight=False)
    console.print(f"[dim]{PERCENT}[/]", highlight=False)
    for remark in sorted(remarks, key=lambda r: not r.serious):
        mark = "[bold yellow]warning:[/]" if remark.serious else "[dim]note:[/]"
        console.print(f"{mark} {escape(remark.text)}", highlight=False)


def _name(best: Any) -> str:
    interval = "" if best.low is None or best.high is None else f" [{best.low:.0f}, {best.high:.0f}]"
    return f"{best.side} {best.model} {best.rating:.0f}{interval}"


def _probability(p: float | None) -> str:
    return "–" if p is None else "> 0.999" if p > 0.9995 else f"{p:.3f}"


def _summary(measured: Measured) -> list[str]:
    """The history in sentences: its span, changes of the lead, the lag and what it hangs on."""
    gaps = measured.gaps
    lines = [f"{len(gaps)} days from {gaps[0].date} to {gaps[-1].date}."] if gaps else []
    changed = measured.lead_changes
    first, second = measured.between
    if changed is not None:
        lines.append(
            f"Changes of the lead: {changed.as_rated} as rated; over the draws {changed.median:.0f} "
            f"(95 %: {changed.low:.0f} to {changed.high:.0f}), none in {100 * changed.p_none:.0f} % of them. "
            f"{first} leads on some day in {100 * changed.p_first_ever_leads:.0f} % of the draws, "
            f"{second} in {100 * changed.p_second_ever_leads:.0f} %."
        )
    if measured.lag is not None:
        lines += _lag_lines(measured.lag)
    return lines


def _lag_lines(lag: Lag) -> list[str]:
    spread = lag.spread
    noise = f"mean {lag.mean_low:.1f} to {lag.mean_high:.1f}, last {lag.last_low:.1f} to {lag.last_high:.1f}"
    lines = [
        f"{lag.behind} behind {lag.ahead}: {spread.mean:.1f} months on average over {lag.days} days "
        f"({spread.shortest:.1f} to {spread.longest:.1f}), {spread.last:.1f} on {lag.until}.",
        f"  From the ratings' own noise (95 % of draws, shrunk): {noise}",
    ]
    for choice in lag.choices:
        other = choice.spread
        span = f"({other.shortest:.1f} to {other.longest:.1f}), last {other.last:.1f}"
        lines.append(f"  {choice.choice}: {other.mean:.1f} {span}")
    return lines
