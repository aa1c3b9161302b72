"""Every answer of a run with its outcomes as columns: the frame that all comparisons are made from.

Over everything asked: an answer that delivered no program, or a broken one, is neither exploitable nor sound. What has
a program and no verdict is null, and counted as missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from weighbridge.audit.truth import OURS, Truth, truth
from weighbridge.errors import DataError
from weighbridge.panel.counting import findings_by_program
from weighbridge.panel.silence import kin
from weighbridge.stats.design import Outcome
from weighbridge.stats.verdict import Margin
from weighbridge.store.tables import Run

BETWEEN = "\x1f"
"""Stands between model and mode in an arm's name; in a name of a source's it is shown as its sign, ``␟``."""
ALL_MODELS = "all models"
RATIO = Margin(ratio=1.25)

OUTCOMES = (
    Outcome("sound", "better"),
    Outcome("exploitable", "worse"),
    Outcome("broken", "worse"),
    Outcome("refused", "worse"),
    Outcome("truncated", "worse"),
)
OF_WORKING = Outcome("exploitable_of_working", "worse", column="exploitable", per="working", share=True)
"""What publishers report; it rewards breaking things, since a program that does not work is not counted."""
PER_KLOC = Outcome("exploitable_per_kloc", "worse", column="exploitable", per="kloc", margin=RATIO)
PANEL = (
    Outcome("unseen", "worse"),
    Outcome("unseen_of_exploitable", "worse", column="unseen_known", per="exploitable_known", share=True),
    Outcome("findings", "worse", margin=RATIO),
    Outcome("findings_per_kloc", "worse", column="findings", per="kloc_scanned", margin=RATIO),
)
LENGTHS = (
    Outcome("lines", "worse", margin=RATIO),
    Outcome("code_lines", "worse", margin=RATIO),
    Outcome("comment_lines", "worse", margin=RATIO),
    Outcome("complexity", "worse", margin=RATIO),
)
SPOKEN = pl.Schema({"program": pl.String, "cwe": pl.UInt32, "tool": pl.String})


@dataclass(frozen=True)
class Answers:
    """``frame``: a row an answer, with ``arm``, ``model``, ``mode``, ``task``, ``cluster``, ``program``, ``about`` and
    a column for every outcome in ``outcomes``. ``tools`` analysed at least one program; ``absent`` were asked for and
    are not installed. ``kind`` is the task's kind of flaw as the source has it
    (ours: the scenario); ``cluster`` is what counts as one piece of evidence: the task, and for our own runs the
    scenario, whose tasks share an oracle. ``about`` are the flaws that the task is about; where a source lists several
    CWEs they are ``names`` of one flaw, which goes by the first. ``complete``: programs that every tool which knows
    their language has analysed; ``spoken``: (program, cwe, tool), which tool named which flaw.
    """

    truth: Truth
    frame: pl.DataFrame
    outcomes: tuple[Outcome, ...]
    tools: tuple[str, ...]
    absent: tuple[str, ...]
    complete: pl.DataFrame
    spoken: pl.DataFrame

    @property
    def sources(self) -> tuple[str, ...]:
        """Whose verdicts they are."""
        return self.truth.sources


def answers(run: Run) -> Answers:
    """The answers of a collection or of a judged run, with every outcome that its tables allow.

    Raises:
        DataError: no answer has a verdict.
    """
    known = truth(run)
    if not known.sources:
        raise DataError(
            f"{run.folder}: no answer has a verdict, so there is nothing to compare; import verdicts with the answers "
            "(`weighbridge import --map verdict=…`), or judge the run"
        )
    frame = known.answers.with_columns(
        model=pl.when(pl.col("model") == ALL_MODELS).then(pl.lit(f"{ALL_MODELS} (a model's name)")).otherwise("model"),
        mode=pl.col("how"),
        kind=pl.col("cluster"),
        names=pl.lit(None, pl.List(pl.UInt32)),
    ).with_columns(pl.col("model", "mode").str.replace_all(BETWEEN, "␟", literal=True))
    if known.sources != (OURS,):
        frame = frame.with_columns(cluster=pl.col("task"), names=pl.col("about")).with_columns(
            pl.col("about", "cwes").list.head(1)
        )
    frame = frame.with_columns(arm=pl.concat_str("model", "mode", separator=BETWEEN))
    verdict = pl.when(pl.col("empty") & pl.col("verdict").is_null()).then(pl.lit("broken")).otherwise(pl.col("verdict"))
    frame = frame.with_columns(verdict=verdict).with_columns(
        sound=pl.col("verdict") == "secure",
        exploitable=pl.col("verdict") == "vulnerable",
        # that it works may be known where no attack was tried
        broken=pl.coalesce(pl.col("verdict") == "broken", ~pl.col("works")),
        refused=pl.col("verdict") == "refused",
        truncated=pl.col("verdict") == "truncated",
        working=pl.col("verdict").is_in(["secure", "vulnerable"]).cast(pl.Float64),
    )
    frame = _only_where_attacked(frame)
    chosen = [one for one in OUTCOMES if one.name in {"sound", "exploitable"} or frame[one.name].any()]
    if frame["broken"].any():
        chosen.append(OF_WORKING)
    frame = _with_lengths(frame, run)
    chosen.append(PER_KLOC)
    tools, absent = _tools(run)
    complete, spoken = pl.DataFrame(schema={"program": pl.String}), pl.DataFrame(schema=SPOKEN)
    if tools:
        complete, spoken = _complete(run, tools), _speaking(frame, run)
        frame = _with_panel(frame, run.read("findings"), complete, spoken)
        chosen += PANEL
    chosen += [one for one in LENGTHS if one.name in frame.columns]
    return Answers(known, frame, tuple(chosen), tools, absent, complete, spoken)


def _only_where_attacked(frame: pl.DataFrame) -> pl.DataFrame:
    """*Sound* and *exploitable* are not known of an arm that has programs without a verdict and not one that was
    attacked: its broken answers alone would make it 0 % sound and 0 % exploitable."""
    attacked = pl.col("verdict").is_in(["secure", "vulnerable"]).fill_null(value=False).any().over("arm")
    is_known = attacked | pl.col("verdict").is_not_null().all().over("arm")
    return frame.with_columns(pl.when(is_known).then(pl.col("sound", "exploitable")).name.keep())


def _with_lengths(frame: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Lines and the program measures; an answer without a program has none of either."""
    programs = run.read("programs").select("program", pl.col("lines").cast(pl.Float64))
    frame = frame.join(programs, on="program", how="left", maintain_order="left")
    if run.has("measures"):
        measured = run.read("measures").filter(pl.col("state") == "measured")
        columns = [pl.col(name).cast(pl.Float64) for name in ("code_lines", "comment_lines", "complexity")]
        frame = frame.join(measured.select("program", *columns), on="program", how="left", maintain_order="left")
    return frame.with_columns(kloc=pl.when(pl.col("verdict").is_not_null()).then(pl.col("lines").fill_null(0) / 1000))


def _tools(run: Run) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not run.has("scans"):
        return (), ()
    states = run.read("scans").group_by("tool").agg(pl.col("state").unique())
    there = {tool for tool, found in states.iter_rows() if "analysed" in found}
    return tuple(sorted(there)), tuple(sorted(set(states["tool"].to_list()) - there))


def _with_panel(
    frame: pl.DataFrame, findings: pl.DataFrame, complete: pl.DataFrame, spoken: pl.DataFrame
) -> pl.DataFrame:
    """``unseen``: exploitable, and no tool spoke of any proved CWE. Null where a tool that was there could not analyse
    the program and none spoke, where no tool knows its language, or where the CWE is not known."""
    by_any = spoken.select("program", "cwe").unique().with_columns(spoken=True)
    exploited = frame.filter("exploitable").select("program", pl.col("cwes").alias("cwe")).unique()
    named = exploited.explode("cwe").filter(pl.col("cwe").is_not_null())
    seen = (
        named.join(by_any, on=["program", "cwe"], how="left")
        .group_by("program")
        .agg(pl.col("spoken").fill_null(value=False).any())
    )
    counts = findings_by_program(findings).with_columns(pl.col("findings").cast(pl.Float64))
    frame = (
        frame.join(seen, on="program", how="left", maintain_order="left")
        .join(complete.with_columns(complete=True), on="program", how="left", maintain_order="left")
        .join(counts, on="program", how="left", maintain_order="left")
    )
    is_known = pl.col("exploitable") & (pl.col("spoken") | (pl.col("complete") & pl.col("spoken").is_not_null()))
    scanned = pl.col("complete").fill_null(value=False)
    return (
        frame.with_columns(
            unseen=pl.when(~pl.col("exploitable")).then(pl.lit(False)).when(is_known).then(~pl.col("spoken")),
            findings=pl.when(scanned).then(pl.col("findings").fill_null(0)),
            kloc_scanned=pl.when(scanned).then("kloc"),
        )
        .with_columns(
            # the exposure of a share must be null, not 0, where it is not known
            unseen_known=pl.when(pl.col("exploitable") & pl.col("unseen").is_null()).then(None).otherwise("unseen"),
            exploitable_known=pl.when(pl.col("exploitable") & pl.col("unseen").is_null())
            .then(None)
            .otherwise(pl.col("exploitable").cast(pl.Float64)),
        )
        .drop("spoken", "complete")
    )


def _complete(run: Run, tools: tuple[str, ...]) -> pl.DataFrame:
    """Programs (one column) that every tool which knows their language has analysed, by at least one."""
    scans = run.read("scans").filter(pl.col("tool").is_in(list(tools)))
    return scans.group_by("program").agg((pl.col("state") == "analysed").all()).filter("state").select("program")


def _speaking(frame: pl.DataFrame, run: Run) -> pl.DataFrame:
    """(program, cwe, tool): which tool named a flaw that its task is about, by any of its names or their kin
    (``panel.silence``)."""
    about = frame.select("program", "names", cwe=pl.coalesce("about", "cwes")).explode("cwe")
    about = about.with_columns(name=pl.coalesce("names", pl.concat_list("cwe"))).drop("names").explode("name")
    about = about.drop_nulls().unique()
    pairs = [(name, named) for name in about["name"].unique() for named in kin().get(name, frozenset({name}))]
    kinship = pl.DataFrame(pairs, schema={"name": pl.UInt32, "named": pl.UInt32}, orient="row")
    found = run.read("findings").select("program", "tool", named="cwe").drop_nulls().unique()
    return about.join(kinship, on="name").join(found, on=["program", "named"]).select("program", "cwe", "tool").unique()
