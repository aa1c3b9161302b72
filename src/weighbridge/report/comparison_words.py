"""What does a comparison say in words, and under which names? The same on the page and in the terminal.

Names are the source's, hence hostile and perhaps alike; ties are said before ranks, and what is not known before both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import polars as pl

from weighbridge.audit.compare import Comparison
from weighbridge.audit.compare.answers import ALL_MODELS
from weighbridge.audit.compare.compare import FRAMES
from weighbridge.report import words
from weighbridge.report.hostile import line
from weighbridge.stats.verdict import BETTER, WORSE

TITLES = {
    "sound": "sound",
    "exploitable": "exploitable",
    "broken": "broken",
    "refused": "refused",
    "truncated": "truncated",
    "exploitable_of_working": "exploitable, of what works",
    "exploitable_per_kloc": "exploitable answers per thousand lines",
    "unseen": "exploitable and unseen",
    "unseen_of_exploitable": "unseen, of what is exploitable",
    "findings": "findings per answer",
    "findings_per_kloc": "findings per thousand lines",
    "lines": "lines",
    "code_lines": "lines of code",
    "comment_lines": "lines of comment",
    "complexity": "cyclomatic complexity",
}
NAME_LIMIT = 60
"""Characters of a model's name that are shown; of a longer one its beginning and its end."""
UNNAMED = "(not named)"


def labels(names: Iterable[str]) -> dict[str, str]:
    """How models' names are shown: on one line, nothing unseen in them, not endless, and no two of them alike."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(set(names)):
        shown = line(name, 10_000) or UNNAMED
        if len(shown) > NAME_LIMIT:
            shown = f"{shown[: NAME_LIMIT - 20]}…{shown[-19:]}"
        label, number = shown, 1
        while label in taken:
            number += 1
            label = f"{shown} ({number})"
        taken.add(label)
        found[name] = label
    return found


def labelled(found: Comparison) -> Comparison:
    """The comparison with names as they are shown. A mode without a name gets one where there are others."""
    models = labels(found.rates["model"])
    modes = {"": UNNAMED} if len(found.facts["modes"]) > 1 else {}

    def renamed(frame: pl.DataFrame) -> pl.DataFrame:
        ways: list[tuple[tuple[str, ...], Mapping[str, str]]] = [
            (("model", "one", "other"), models),
            (("mode",), modes),
        ]
        return frame.with_columns(
            pl.col(name).replace(words) for names, words in ways for name in names if name in frame.columns and words
        )

    named = [modes.get(mode, mode) for mode in found.facts["modes"]]
    facts = {**found.facts, "modes": named, "base": modes.get(found.facts["base"], found.facts["base"])}
    return replace(found, facts=facts, **{name: renamed(getattr(found, name)) for name in FRAMES})


def glance(found: Comparison) -> list[str]:
    """What came of it, in sentences; the same on the page and in the terminal."""
    said = _missing(found)
    for outcome in ("sound", "exploitable"):
        mine = found.pairs.filter((pl.col("outcome") == outcome) & (pl.col("mode") == found.facts["base"]))
        if not mine.height:
            continue
        told = mine.filter(pl.col("word").is_in([WORSE, BETTER])).height
        ranks = ranks_of(found, found.facts["base"], outcome)
        following = ranks.filter(pl.col("next").is_not_null())
        ties = following.filter(~pl.col("next").is_in([WORSE, BETTER])).height
        top = ranks.filter(pl.col("rank_best") == 1)["model"].to_list()
        best = f"Any of {len(top)} models may be the best: {words.listing(top, 14)}." if len(top) > 1 else ""
        said.append(
            f"{TITLES[outcome].capitalize()} ({mode_name(found.facts['base'])}): {told} of "
            f"{words.many(mine.height, 'pair')} of models can be told apart; {ties} of "
            f"{words.many(following.height, 'neighbour')} in the standings {'is a tie' if ties == 1 else 'are ties'}. "
            + (best or (f"{top[0]} is the best." if top else ""))
        )
    mine = found.modes.filter((pl.col("outcome") == "sound") & (pl.col("model") != ALL_MODELS))
    for (mode,), group in mine.group_by(["mode"], maintain_order=True):
        tally = dict(group.group_by("word").len().iter_rows())
        overall = found.modes.filter(
            (pl.col("outcome") == "sound") & (pl.col("model") == ALL_MODELS) & (pl.col("mode") == mode)
        ).to_dicts()
        sentence = f"Asked in mode {mode_name(str(mode))} instead of {mode_name(found.facts['base'])}: "
        if group.height == 1:
            told = {BETTER: "more sound", WORSE: "less sound"}.get(group["word"][0], "not told apart")
            sentence += f"{group['model'][0]} is {told}"
        else:
            better, worse = tally.get(BETTER, 0), tally.get(WORSE, 0)
            sentence += f"{better} of {group.height} models better, {worse} worse, the rest not told apart"
        if overall:
            one = overall[0]
            change = words.points(one["difference"])
            interval = words.points_interval(one["difference_low"], one["difference_high"])
            sentence += f"; over all models {change} points sound ({interval})"
        said.append(f"{sentence}.")
    odd = found.tasks.filter((pl.col("mode") == found.facts["base"]) & (pl.col("note") != ""))
    if odd.height:
        tally = dict(odd.group_by("note").len().iter_rows())
        parts = [f"{tally[key]} {text}" for key, text in SHORT.items() if key in tally]
        of = f"{odd.height} of {words.many(found.facts['tasks'], 'task')} ({mode_name(found.facts['base'])})"
        if found.facts["models"] > 1:
            said.append(f"{of} cannot tell models apart: {', '.join(parts)}. Their oracles may be blind.")
        else:
            said.append(f"{of}: {', '.join(parts)}. With one model that may be the model, or a blind oracle.")
    return said


def _missing(found: Comparison) -> list[str]:
    """What is not known, before anything else is said: answers without a verdict, and whether programs work."""
    said: list[str] = []
    rows = found.rates.filter((pl.col("mode") == found.facts["base"]) & (pl.col("outcome") == "sound"))
    if number := int(found.facts["without_verdict"]):
        missing, asked = int(rows["missing"].sum()), int((rows["answers"] + rows["missing"]).sum())
        sentence = (
            f"{words.count(number)} of {words.answers(found.facts['answers'])} have no verdict. Every share leaves "
            "them out, which takes them to be like the rest"
        )
        if missing:
            events = float(rows["events"].sum())
            bounds = words.percent_interval(events / asked, (events + missing) / asked)
            sentence += f"; over everything asked {mode_name(found.facts['base'])} {bounds} may be sound"
        said.append(f"{sentence}.")
    if not found.facts.get("says_what_works", True):
        said.append(
            f"{words.listing(line(one, 60) for one in found.facts['sources'])} says of no program whether it does its "
            "job: sound and exploitable are about the attacks alone, and a program that does nothing may be sound."
        )
    return said


SHORT = {"never": "never vulnerable", "always": "always vulnerable", "silent": "without a working program"}


def mode_name(mode: str) -> str:
    """A mode in a sentence; where there is one only it may have no name."""
    return f"“{line(mode, 40)}”" if mode else "the only mode"


def ranks_of(found: Comparison, mode: str, outcome: str) -> pl.DataFrame:
    """The ranks of one mode and outcome, best first."""
    return found.ranks.filter((pl.col("mode") == mode) & (pl.col("outcome") == outcome)).sort("place")
