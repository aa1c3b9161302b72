"""Real labelled answers of 14 models: what pairing and clustering do to intervals; nothing is found in nothing."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import simulated_families  # noqa: E402

ANSWERS = ROOT.parent / "shared/data/answers/seccodebench_v2.2.0_14_models.parquet"
pytestmark = pytest.mark.skipif(
    not ANSWERS.exists(), reason="needs ../shared/data/answers/seccodebench_v2.2.0_14_models.parquet"
)


@pytest.fixture(scope="module")
def figures():
    return simulated_families.golden_figures(ANSWERS)


def test_paired_intervals_are_about_half_as_wide_as_unpaired_ones(figures):
    assert 0.35 <= figures["paired"] / figures["unpaired"] <= 0.6


def test_naive_intervals_are_about_a_third_of_unpaired_clustered_ones(figures):
    assert 0.25 <= figures["naive"] / figures["unpaired"] <= 0.4


def test_answers_to_one_task_nearly_always_agree(figures):
    assert 0.75 <= figures["icc"] <= 0.9


def test_most_neighbours_on_the_leaderboard_are_ties(figures):
    assert figures["ties"] >= 10 and figures["neighbours"] == 13


def test_split_halves_and_shuffled_labels_give_no_effects_beyond_the_nominal_rate():
    split, shuffled = simulated_families.null_rates(200, ANSWERS)
    assert split <= 0.06
    assert shuffled <= 0.05 + 2.6 * (0.05 * 0.95 / 200) ** 0.5
