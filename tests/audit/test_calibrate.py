"""Calibration: what was planted is read, identical arms pass, and an instrument that is wrong gets no certificate.

The cell and the panel are stood in for here, by the twins' names; ``weighbridge calibrate`` runs the real ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from weighbridge.audit import calibrate as calibration
from weighbridge.audit.calibrate import calibrate
from weighbridge.audit.certify import EXPECTED, Certificate, reading
from weighbridge.audit.judge import Job
from weighbridge.panel import Finding, Scan
from weighbridge.report.evidence import certificate
from weighbridge.specimens import specimens
from weighbridge.store.certificate import held, issue


def instrument(monkeypatch: pytest.MonkeyPatch, *, accuses: str = "", misses: str = "") -> None:
    """Judge twins by their names, wrongly where told so; the panel sees every plainly vulnerable twin."""

    def judge(jobs: Iterable[Job], workers: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        for job in jobs:
            name = job.key.rpartition("/")[2]
            flawed = not name.startswith("secure_")
            flawed = (flawed or bool(accuses and accuses in name)) and not (misses and misses in name)
            proofs = [{"cwe": 22, "attack": "", "observed": ""}] if flawed else []
            yield job.key, {"verdict": "vulnerable" if flawed else "secure", "proofs": proofs}

    def scan(programs: Mapping[str, str], language: str, **_: Any) -> tuple[list[Scan], list[Finding]]:
        seen = [program for number, program in enumerate(programs) if number % 2]
        return [Scan(p, "tool", "1", "analysed") for p in programs], [
            Finding(p, "tool", "1", "R1", 22, "", "", 1, "") for p in seen
        ]

    class Held:
        tier = "stood in for"

    monkeypatch.setattr(calibration, "judge_jobs", judge)
    monkeypatch.setattr(calibration, "scan", scan)
    monkeypatch.setattr(calibration, "require", lambda: Held())


@pytest.fixture(scope="module")
def weighed() -> Certificate:
    with pytest.MonkeyPatch.context() as patch:
        instrument(patch)
        return calibrate(studies=12)


def test_what_was_planted_is_read(weighed: Certificate) -> None:
    by = {one.specimen: one for one in weighed.readings}
    for name in ("plus130", "planted", "refuser", "breaker"):
        assert by[name].found >= 11, by[name]
        assert by[name].planted is not None and by[name].read is not None
        assert abs(by[name].read - by[name].planted) < 0.06
    assert by["obfuscated"].found >= 11


def test_identical_arms_pass_and_length_alone_is_no_flaw(weighed: Certificate) -> None:
    by = {one.specimen: one for one in weighed.readings}
    assert weighed.identical_arms_pass
    for name in ("clean", "length_shifter", "noise"):
        assert by[name].claimed <= 1, by[name]


def test_the_certificate_says_what_it_rests_on(weighed: Certificate) -> None:
    assert weighed.passed
    facts = weighed.as_dict()
    assert facts["chain"]["found"] == facts["chain"]["flawed"] > 100
    assert facts["date"] and facts["version"] and facts["oracles"] and facts["isolation"]
    assert {row["specimen"] for row in facts["readings"]} == set(EXPECTED) == set(specimens())


@pytest.mark.parametrize("fault", [{"accuses": "secure_"}, {"misses": "bypass_"}])
def test_an_instrument_that_is_wrong_gets_no_certificate(
    monkeypatch: pytest.MonkeyPatch, fault: dict[str, str]
) -> None:
    instrument(monkeypatch, **fault)
    assert not calibrate(studies=5, repeats=1).passed


def rows(**counts: int) -> list[dict[str, Any]]:
    """Studies by their words; every one is covered and not significant unless named so."""
    made: list[dict[str, Any]] = []
    for word, count in counts.items():
        row = {"word": word.replace("_", " "), "p": 0.5, "planted": 0.0, "difference": 0.0}
        row |= {"difference_low": -0.1, "difference_high": 0.1}
        if word == "uncovered":
            row |= {"word": "not enough data", "difference_low": 0.05}
        if word == "significant":
            row |= {"word": "not enough data", "p": 0.01}
        made += [row] * count
    return made


@pytest.mark.parametrize(
    ("specimen", "counts", "missed"),
    [
        ("clean", {"not_enough_data": 38, "worse": 2}, ""),
        ("clean", {"not_enough_data": 28, "worse": 12}, "false word"),
        ("clean", {"not_enough_data": 26, "significant": 14}, "significant in"),
        ("clean", {"not_enough_data": 24, "uncovered": 16}, "cover"),
        ("noise", {"not_enough_data": 20, "significant": 20}, ""),
        ("plus20", {"not_enough_data": 40}, ""),
        ("plus20", {"not_enough_data": 30, "better": 10}, "false word"),
        ("plus130", {"worse": 34, "not_enough_data": 6}, ""),
        ("plus130", {"worse": 18, "not_enough_data": 22}, "found in"),
        ("plus130", {"worse": 28, "no_difference_larger_than_the_margin": 12}, "false word"),
        ("refuser", {"worse": 28, "better": 12}, "false word"),
    ],
)
def test_a_limit_that_is_not_kept_is_said(specimen: str, counts: dict[str, int], missed: str) -> None:
    said = reading(specimens()[specimen], rows(**counts)).missed
    assert bool(said) == bool(missed)
    assert missed in " ".join(said)


def test_missing_power_is_no_false_word() -> None:
    assert reading(specimens()["plus130"], rows(worse=7, not_enough_data=1)).false == 0


def test_what_is_expected_of_tasks_like_these_is_the_mean_over_many() -> None:
    one = specimens()["plus130"]
    drawn = [one.chance(f"task {number}", "neutral", 7) * 0.88 for number in range(4_000)]
    assert one.expected("neutral", 7) == pytest.approx(sum(drawn) / len(drawn), abs=0.01)
    assert specimens()["noise"].expected("placebo/bakery", 7) != specimens()["noise"].expected("placebo/chess", 7)


def test_the_certificate_goes_into_every_report(
    weighed: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIGHBRIDGE_CERTIFICATE", str(tmp_path / "data" / "certificate.json"))
    assert certificate(tmp_path) is None
    path = issue(weighed.as_dict())
    assert certificate(tmp_path) == held(path) == weighed.as_dict()
