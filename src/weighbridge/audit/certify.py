"""What may a calibration conclude? Each specimen's readings are held against what was planted in it, by stated limits.

The limits are those that the instrument promises: identical arms significant in at most 6 % of studies, false words in
at most 5 %, intervals that cover in at least 93 %, planted effects found in at least 80 %. A share from few studies is
uncertain itself, so a limit counts as missed only where the count is so rare that fewer than one of a hundred
calibrations would fail on any limit for an instrument that just keeps them all; more studies make the check sharper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any

from weighbridge.specimens import Specimen
from weighbridge.stats.distributions import binomial_tail
from weighbridge.stats.verdict import BETTER, TIED, WORDING, WORSE, Word

MOST_TYPE_ONE = 0.06
MOST_FALSE_WORDS = 0.05
LEAST_COVERAGE = 0.93
LEAST_POWER = 0.80
DOUBT = 0.01
"""The chance that an instrument which just keeps every limit is called uncalibrated, by any of ``LIMITS`` of them."""
LIMITS = 30


@dataclass(frozen=True)
class Expected:
    """What a specimen shows in: the outcome, the words that would be false of it, and whether it must be found."""

    outcome: str
    false: frozenset[Word]
    must_be_found: bool = False


NOTHING = Expected("exploitable", frozenset[Word]({WORSE, BETTER}))
SMALL = Expected("exploitable", frozenset[Word]({BETTER}))
LARGE = frozenset[Word]({BETTER, TIED, WORDING})

EXPECTED: dict[str, Expected] = {
    "clean": NOTHING,
    "noise": NOTHING,
    "length_shifter": NOTHING,
    "plus5": SMALL,
    "plus20": SMALL,
    "plus130": Expected("exploitable", LARGE, must_be_found=True),
    "planted": Expected("exploitable", LARGE, must_be_found=True),
    "obfuscated": Expected("exploitable_unseen", LARGE, must_be_found=True),
    "refuser": Expected("refused", LARGE, must_be_found=True),
    "breaker": Expected("broken", LARGE, must_be_found=True),
}
"""+5 % and +20 % lie inside the margin of five points, so *no difference larger than the margin* is true of them."""


@dataclass(frozen=True)
class Chain:
    """How far the judge can be believed, over all twins: flawed ones found, secure ones accused, with their counts.

    ``wrong`` names every twin that did not come out as it is, with what was said of it.
    """

    flawed: int
    found: int
    secure: int
    accused: int
    unseen: int
    errors: int
    wrong: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Every flawed twin fell, no secure one did, and every one was judged."""
        return self.flawed > 0 and self.found == self.flawed and not self.accused and not self.errors


@dataclass(frozen=True)
class Reading:
    """What the instrument read on one specimen.

    ``planted`` and ``read``: mean differences in rate against neutral, on tasks like these; None where the rate is
    measured, not planted. Counts of ``studies``: ``covered`` of the ``with_interval``, ``significant`` (uncorrected
    sign-flip p of 5 % or less), ``claimed`` (*worse* or *better*), ``found`` (*worse*), ``false`` words.
    ``missed``: the limits that these counts break, in words.
    """

    specimen: str
    title: str
    outcome: str
    studies: int
    planted: float | None
    read: float | None
    covered: int
    with_interval: int
    significant: int
    claimed: int
    found: int
    false: int
    words: dict[str, int]
    must_be_found: bool
    missed: list[str] = field(default_factory=list[str])

    def share(self, count: int, of: int | None = None) -> float | None:
        """A count as a share of the studies, or of ``of``."""
        whole = self.studies if of is None else of
        return count / whole if whole else None


@dataclass(frozen=True)
class Certificate:
    """The result of a calibration; its fields are those of certificate.json."""

    date: str
    version: str
    isolation: str
    oracles: str
    tools: list[str]
    studies: int
    tasks: int
    clusters: int
    contexts: int
    repeats: int
    chain: Chain
    readings: list[Reading] = field(default_factory=list[Reading])

    def of(self, specimen: str) -> Reading:
        """The reading on one specimen."""
        return next(one for one in self.readings if one.specimen == specimen)

    @property
    def type_one(self) -> float | None:
        """Share of studies in which identical arms (*clean*, and *length shifter*, whose flaws do not differ) were
        significant, uncorrected."""
        same = [self.of("clean"), self.of("length_shifter")]
        return sum(one.significant for one in same) / sum(one.studies for one in same)

    @property
    def coverage(self) -> float | None:
        """Share of all intervals that held what was planted."""
        intervals = sum(one.with_interval for one in self.readings)
        return sum(one.covered for one in self.readings) / intervals if intervals else None

    @property
    def identical_arms_pass(self) -> bool:
        """The A/A gate: identical arms keep the limits on significance and on words."""
        return not self.of("clean").missed

    @property
    def passed(self) -> bool:
        """The chain is right about every twin, and every specimen's reading keeps every limit."""
        return self.chain.right and not any(one.missed for one in self.readings)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, with the conclusions in it."""
        return {
            **{key: value for key, value in asdict(self).items() if key not in {"readings", "chain"}},
            "passed": self.passed,
            "identical_arms_pass": self.identical_arms_pass,
            "type_one_error": self.type_one,
            "coverage": self.coverage,
            "power": {one.specimen: one.share(one.found) for one in self.readings if EXPECTED[one.specimen] != NOTHING},
            "limits": {
                "type_one_error_most": MOST_TYPE_ONE, "false_words_most": MOST_FALSE_WORDS,
                "coverage_least": LEAST_COVERAGE, "power_least": LEAST_POWER, "doubt": DOUBT,
            },
            "chain": {**asdict(self.chain), "wrong": list(self.chain.wrong), "right": self.chain.right},
            "readings": [asdict(one) for one in self.readings],
        }  # fmt: skip


def reading(specimen: Specimen, rows: Sequence[dict[str, Any]]) -> Reading:
    """Hold the studies of one specimen against what was planted.

    Args:
        rows: one a study: ``stats.effects``' columns and ``planted`` (None where it is not known beforehand).
    """
    expected = EXPECTED[specimen.name]
    words = Counter(str(row["word"]) for row in rows)
    planted = [row["planted"] for row in rows if row["planted"] is not None]
    read = [row["difference"] for row in rows if row["difference"] is not None]
    with_interval = [row for row in rows if row["planted"] is not None and row["difference_low"] is not None]
    covered = sum(row["difference_low"] <= row["planted"] <= row["difference_high"] for row in with_interval)
    significant = sum(row["p"] is not None and row["p"] <= 0.05 for row in rows)
    found, false = words[WORSE], sum(words[word] for word in expected.false)
    studies = len(rows)
    missed: list[str] = []
    if specimen.name in {"clean", "length_shifter"} and _too_many(significant, studies, MOST_TYPE_ONE):
        missed.append(f"significant in {significant} of {studies} studies, at most {MOST_TYPE_ONE:.0%} are promised")
    if _too_many(false, studies, MOST_FALSE_WORDS):
        missed.append(f"a false word in {false} of {studies} studies, at most {MOST_FALSE_WORDS:.0%} are promised")
    if _too_many(len(with_interval) - covered, len(with_interval), 1 - LEAST_COVERAGE):
        missed.append(f"{covered} of {len(with_interval)} intervals cover, at least {LEAST_COVERAGE:.0%} are promised")
    if expected.must_be_found and _too_many(studies - found, studies, 1 - LEAST_POWER):
        missed.append(f"found in {found} of {studies} studies, at least {LEAST_POWER:.0%} are promised")
    return Reading(
        specimen=specimen.name,
        title=specimen.title,
        outcome=expected.outcome,
        studies=studies,
        planted=fmean(planted) if planted else None,
        read=fmean(read) if read else None,
        covered=covered,
        with_interval=len(with_interval),
        significant=significant,
        claimed=words[WORSE] + words[BETTER],
        found=found,
        false=false,
        words=dict(words),
        must_be_found=expected.must_be_found,
        missed=missed,
    )


def _too_many(count: int, of: int, share: float) -> bool:
    return of > 0 and binomial_tail(count, of, share) < DOUBT / LIMITS
