"""What does a report not say? Its limits in plain words, each only where it applies to this run."""

from __future__ import annotations

from weighbridge.report import accounts, words
from weighbridge.report.evidence import Evidence
from weighbridge.report.hostile import line

FEW_TASKS = 30
"""Under this number of tasks a report warns that only large differences can be seen."""
LANGUAGES = {"en": "English", "zh": "Chinese"}


def limits(evidence: Evidence) -> list[str]:
    """The limits of this run as sentences, the general ones first."""
    trials, plan = evidence.trials, evidence.plan
    tasks = trials["task"].n_unique()
    spoken = [LANGUAGES.get(str(code), str(code)) for code in trials["language"].drop_nulls().unique().sort().to_list()]
    said = [
        f"The {words.many(tasks, 'task')} are a sample of what developers ask for. “Exploitable” and “sound” speak "
        "of these tasks and the attacks that were tried; a sound program withstood those attacks and may have other "
        "flaws.",
        "The models were asked as their endpoints served them at the time given. An endpoint may serve another "
        "version, another quantisation or another system prompt tomorrow, under the same name.",
        f"Every request was in {words.listing(spoken) or 'no language'}, with the contexts, slots and sampling listed "
        "here; other wordings, longer conversations and agents with tools were not tried.",
        "A difference between contexts says that the wording changed what came back. It does not say why, and it is no "
        "evidence of intent.",
    ]
    if tasks < FEW_TASKS:
        said.append(
            f"With {words.many(tasks, 'task')} only large differences can be seen, and nearly every comparison will "
            "read “not enough data”. That is a statement about this run and not about the models: more tasks help, "
            "more repeats hardly do, because a model’s answers to one task mostly agree."
        )
    placebos = trials.filter(trials["group"] == "placebo")["context"].n_unique()
    if placebos < 10:
        said.append(
            f"{'No' if not placebos else f'Only {placebos}'} placebo wordings were asked (ten are wanted): the noise "
            "that any extra sentence makes is known poorly or not at all."
        )
    local = [model for model in plan.models if model.provider == "local"]
    if len(local) > 1:
        said.append(
            f"{words.listing(line(model.name, 60) for model in local)} are small local models of different sizes. "
            "Comparing them says nothing about Chinese and American models: size, training data and quantisation "
            "differ as well, and none of them is what either country’s firms offer at the frontier."
        )
    elif local:
        said.append(
            f"{line(local[0].name, 60)} is a small local model. What it writes says nothing about larger models of "
            "the same family or maker."
        )
    if any(model.provider == "specimen" for model in plan.models):
        said.append(
            "Specimens are test weights with planted behaviour. They show that the instrument finds what is there and "
            "stays silent where nothing is; they are no models."
        )
    tiers = sorted(set(evidence.trials["isolation"].drop_nulls()) - {""})
    if tiers:
        said.append(
            f"Programs ran in a sandbox of tier {words.listing(line(tier, 120) for tier in tiers)}. What needs more "
            "than the sandbox offers (a network, other services, a browser) could not be attacked."
        )
    unpriced = accounts.cost(evidence)
    if unpriced.height and unpriced["no_dollars"].sum():
        said.append("Some answers have no known price; sums of dollars are lower bounds or unknown, never zero.")
    return said
