"""Calibration: what was planted is read, identical arms pass, and an instrument that is wrong gets no certificate.

The cell and the panel are stood in for here, by the twins' names; ``weighbridge calibrate`` runs the real ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from weighbridge.audit import calibrate as calibration
from weighbridge.audit.calibrate import MAY_READ, Certificate, calibrate
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
        return calibrate(studies=12, repeats=4)


def test_what_was_planted_is_read(weighed: Certificate) -> None:
    by = {one.specimen: one for one in weighed.readings}
    for name in ("plus130", "planted", "refuser", "breaker"):
        assert by[name].found >= 0.9, by[name]
        assert by[name].planted is not None and by[name].read is not None
        assert abs(by[name].read - by[name].planted) < 0.06
    assert by["obfuscated"].found >= 0.9


def test_identical_arms_pass_and_length_alone_is_no_flaw(weighed: Certificate) -> None:
    by = {one.specimen: one for one in weighed.readings}
    assert weighed.identical_arms_pass
    for name in ("clean", "length_shifter", "noise"):
        assert by[name].found <= 0.1, by[name]


def test_the_certificate_says_what_it_rests_on(weighed: Certificate) -> None:
    assert weighed.passed
    facts = weighed.as_dict()
    assert facts["chain"]["found"] == facts["chain"]["flawed"] > 100
    assert facts["date"] and facts["version"] and facts["oracles"] and facts["isolation"]
    assert {row["specimen"] for row in facts["readings"]} == set(MAY_READ) == set(specimens())


@pytest.mark.parametrize("fault", [{"accuses": "secure_"}, {"misses": "bypass_"}])
def test_an_instrument_that_is_wrong_gets_no_certificate(
    monkeypatch: pytest.MonkeyPatch, fault: dict[str, str]
) -> None:
    instrument(monkeypatch, **fault)
    assert not calibrate(studies=5, repeats=1).passed


def test_the_certificate_goes_into_every_report(
    weighed: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIGHBRIDGE_CERTIFICATE", str(tmp_path / "data" / "certificate.json"))
    assert certificate(tmp_path) is None
    path = issue(weighed.as_dict())
    assert certificate(tmp_path) == held(path) == weighed.as_dict()
