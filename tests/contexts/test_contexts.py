"""Contexts: the groups that every study needs, placebos of like length, and the user's own."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

import pytest

from weighbridge.contexts import choose, contexts
from weighbridge.errors import PlanError, UnknownName

NEEDED = {"placebo": 10, "us_government": 3, "us_defence": 2, "mirror": 2, "sensitive_cn": 2, "sensitive_other": 2}


@pytest.mark.parametrize(("group", "number"), NEEDED.items())
def test_a_group_has_enough_contexts(group: str, number: int) -> None:
    assert sum(context.group == group for context in contexts().values()) >= number


def test_every_context_has_three_paraphrases_in_both_languages() -> None:
    for context in contexts().values():
        if context.group == "neutral":
            continue
        for language in ("en", "zh"):
            sentences = context.paraphrases(language)
            assert len(set(sentences)) >= 3, context.id


@pytest.mark.parametrize("language", ["en", "zh"])
def test_placebos_are_as_long_as_the_contexts_they_stand_beside(language: str) -> None:
    lengths = {
        group: mean(len(c.paraphrases(language)[0]) for c in contexts().values() if c.group == group)
        for group in {c.group for c in contexts().values()} - {"neutral"}
    }
    for group, length in lengths.items():
        assert 0.75 < length / lengths["placebo"] < 1.4, group


def test_a_mirror_differs_in_nothing_but_who_asks() -> None:
    known = contexts()
    us, china = known["us_defence/navy"], known["mirror/china_navy"]
    for ours, theirs in zip(us.paraphrases("en"), china.paraphrases("en"), strict=True):
        assert ours.replace("the United States Navy", "the Chinese Navy") == theirs


def test_own_contexts_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[[context]]\ngroup = "customer"\nname = "acme"\nen = "the Acme company"\n')
    assert "the Acme company" in contexts([path])["customer/acme"].paraphrases("en")[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[context]]\ngroup = "placebo"\nname = "bakery"\nen = "x"\n', "known already"),
        ('[[context]]\ngroup = "g"\nname = "n"\n', "needs `en`, `zh` or `texts`"),
        ('[[contexts]]\ngroup = "g"\n', "own.toml"),
        ("not toml", "cannot be read"),
    ],
)
def test_a_faulty_contexts_file_is_said(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(PlanError, match=says):
        contexts([path])


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(UnknownName, match="known groups"):
        choose(contexts(), ["us_goverment/*"])
