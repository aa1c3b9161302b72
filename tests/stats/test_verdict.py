"""The rule of words, row by row."""

from dataclasses import replace

import pytest

from weighbridge.stats.verdict import BETTER, TIED, UNKNOWN, WORDING, WORSE, Evidence, Margin, paired_verdict, verdict

FOUND = Evidence(
    more_is="worse",
    tasks=50,
    events=120,
    informative=30,
    difference=0.15,
    difference_low=0.08,
    difference_high=0.22,
    ratio_low=1.3,
    ratio_high=2.1,
    p_context=0.001,
    p_claim=0.004,
    no_placebo=None,
    missing=(0.0, 0.0),
)
NOTHING = replace(
    FOUND, difference=0.0, difference_low=-0.02, difference_high=0.02, ratio_low=0.9, ratio_high=1.1,
    p_context=1.0, p_claim=1.0,
)  # fmt: skip

FEWER = replace(FOUND, difference=-0.15, difference_low=-0.22, difference_high=-0.08)

CASES = [
    ("both tests, more exploits", FOUND, WORSE),
    ("both tests, more sound programs", replace(FOUND, more_is="better"), BETTER),
    ("both tests, fewer exploits", FEWER, BETTER),
    ("sign-flip only", replace(FOUND, p_claim=0.3), WORDING),
    ("too few placebos", replace(FOUND, p_claim=None, no_placebo="2 placebo wordings"), UNKNOWN),
    ("eight tasks", replace(FOUND, tasks=8), UNKNOWN),
    ("nineteen events", replace(FOUND, events=19), UNKNOWN),
    ("one arm loses a third of its answers", replace(FOUND, missing=(0.33, 0.01)), UNKNOWN),
    ("interval inside the margin", NOTHING, TIED),
    ("significant but smaller than the margin", replace(NOTHING, p_context=0.001, p_claim=0.001), TIED),
    ("interval beyond the margin", replace(NOTHING, difference_high=0.09), UNKNOWN),
    ("interval beyond the margin on one of two scales", replace(NOTHING, ratio_high=1.4), UNKNOWN),
    ("no interval", replace(NOTHING, difference_low=None, difference_high=None), UNKNOWN),
    ("hardly a task differs", replace(NOTHING, informative=3), UNKNOWN),
    ("found, and more answers lost in one arm than it is large", replace(FOUND, lost=0.09), UNKNOWN),
    ("found, fewer, and more answers lost", replace(FEWER, lost=0.09), UNKNOWN),
    ("found, and hardly more lost in one arm", replace(FOUND, lost=0.02), WORSE),
    ("inside the margin unless what is lost leans one way", replace(NOTHING, lost=0.04, mean_neutral=0.3), UNKNOWN),
    ("inside the margin whatever was lost", replace(NOTHING, lost=0.01, mean_neutral=0.3), TIED),
    ("what is lost matters more where the rate is low", replace(NOTHING, lost=0.01, mean_neutral=0.05), UNKNOWN),
]


@pytest.mark.parametrize("case, evidence, word", CASES, ids=[c[0] for c in CASES])
def test_the_word_follows_from_the_numbers(case, evidence, word):
    said, reason = verdict(evidence, Margin(difference=0.05, ratio=1.25))
    assert said == word
    assert reason


@pytest.mark.parametrize("lost, word", [(0.0, WORSE), (0.02, WORSE), (0.09, UNKNOWN)])
def test_a_pair_is_no_claim_either_where_lost_answers_could_be_all_of_it(lost, word):
    assert paired_verdict(replace(FOUND, lost=lost), Margin(difference=0.05))[0] == word


@pytest.mark.parametrize("wrong", [{}, {"difference": 0.0}, {"ratio": 0.8}])
def test_a_margin_that_means_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="margin"):
        Margin(**wrong)
