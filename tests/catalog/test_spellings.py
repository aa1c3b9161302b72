"""Spellings of one model come together, and names that only look alike do not."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from weighbridge import catalog
from weighbridge.catalog.spelling import date_length, parts, peeled, tokens
from weighbridge.errors import UnknownName

BOOK = catalog.load()


@pytest.mark.parametrize(
    ("spelling", "model"),
    [
        ("deepseek/deepseek-chat-v3-0324:free", "deepseek-v3-0324"),
        ("deepseek-ai/DeepSeek-V3.2", "deepseek-v3.2"),
        ("bedrock/us-east-1/deepseek.v3.2", "deepseek-v3.2"),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022"),
        ("vertex_ai/claude-opus-4-5@20251101", "claude-opus-4.5"),
        ("anthropic/claude-4.5-sonnet-20250929", "claude-sonnet-4.5"),
        ("Claude Sonnet 4.5", "claude-sonnet-4.5"),
        ("claude-opus-4-6-thinking", "claude-opus-4.6"),
        ("accounts/fireworks/models/qwen2p5-72b-instruct", "qwen2.5-72b-instruct"),
        ("Qwen2.5-Coder (32B)", "qwen2.5-coder-32b-instruct"),
        ("unsloth/DeepSeek-R1-0528-GGUF", "deepseek-r1-0528"),
        ("ollama/qwen2.5-coder:7b-instruct-q4_K_M", "qwen2.5-coder-7b-instruct"),
        ("Meta-Llama-3.1-405B-Instruct-fp8", "llama-3.1-405b"),
        ("qwen/qwen3-235b-a22b-07-25", "qwen3-235b-a22b-instruct-2507"),
        ("Kimi K2.5(Thinking)", "kimi-k2.5"),
        ("GLM-4.7(Thinking)", "glm-4.7"),
        ("Command R+ (04-2024)", "command-r-plus"),
        ("gemini-flash-1.5", "gemini-1.5-flash"),
        ("poolside/laguna-m.1-20260312:free", "laguna-m.1"),
        ("hunyuan-vision-1.5-thinking Tencent · Proprietary", "hunyuan-vision-1.5-thinking"),
        ("tulu-2-dpo-70b AllenAI/UW · AI2 ImpACT Low-risk", "tulu-2-dpo-70b"),
        ("ChatGPT-4o-latest (2024-09-03)", "chatgpt-4o-latest-20240903"),
    ],
)
def test_spellings_of_a_model_find_it(spelling: str, model: str) -> None:
    match = BOOK.find(spelling)
    assert match is not None
    assert match.model == model
    assert match.sure == "certain"


@pytest.mark.parametrize(
    ("spelling", "maker", "country"),
    [
        ("muse-spark", "meta", "US"),
        ("meta/muse-spark-1.1-20260709", "meta", "US"),
        ("iflytek/spark-max", "iflytek", "CN"),
        ("spark-4.0-ultra", "iflytek", "CN"),
        ("starling-lm-7b-alpha", "uc-berkeley", "US"),
        ("starling-lm-7b-beta", "nexusflow", "US"),
        ("ling-flash-2.0", "ant-group", "CN"),
        ("dola-seed-2.0-preview", "bytedance", "CN"),
        ("dola-seed-3.0", "bytedance", "CN"),
        ("doubao-seed-2.5-pro", "bytedance", "CN"),
        ("gpt4all-13b-snoozy", "nomic", "US"),
        ("gpt-oss-120b", "openai", "US"),
        ("nousresearch/hermes-4-405b", "nous", "US"),
        ("perplexity/r1-1776", "perplexity", "US"),
        ("tngtech/deepseek-r1t2-chimera:free", "tngtech", "DE"),
        ("nvidia/llama-3.3-nemotron-super-49b-v1.5", "nvidia", "US"),
        ("llama2-70b-steerlm-chat", "nvidia", "US"),
        ("gemma-2-9b-it-simpo", "princeton", "US"),
        ("nex-agi/deepseek-v3.1-nex-n1", "nex-agi", "CN"),
        ("k2-think", "llm360", "AE"),
        ("microsoft/mai-ds-r1", "microsoft", "US"),
        ("rednote-hilab/dots.ocr", "rednote", "CN"),
        ("claude-sonnet-7", "anthropic", "US"),
        ("qwen5-max", "alibaba", "CN"),
    ],
)
def test_the_maker_is_who_made_it_and_not_whose_name_it_resembles(spelling: str, maker: str, country: str) -> None:
    match = BOOK.find(spelling)
    assert match is not None
    assert (match.maker, match.country) == (maker, country)


@pytest.mark.parametrize(
    "spelling", ["sterling-1", "darling-7b", "sparkle-7b", "bling-2.0", "totally-unknown-model", "other", " "]
)
def test_what_is_not_known_is_none_and_never_guessed(spelling: str) -> None:
    assert BOOK.find(spelling) is None


@pytest.mark.parametrize("spelling", ["spark-max", "nova-2", "k2-base"])
def test_a_word_that_several_makers_use_is_nobodys_and_says_so(spelling: str) -> None:
    match = BOOK.find(spelling)
    assert match is not None
    assert match.maker is None
    assert match.origin == "unknown"
    assert len(match.candidates) >= 2


def test_a_strangers_fine_tune_is_not_its_base_makers() -> None:
    match = BOOK.find("somebody/Qwen2.5-7B-medical")
    assert match is not None
    assert (match.maker, match.derived_from, match.origin) == (None, "qwen", "unknown")


def test_a_distillation_is_deepseeks_and_names_its_base() -> None:
    match = BOOK.find("deepseek/deepseek-r1-distill-llama-70b")
    assert match is not None
    assert (match.model, match.maker, match.derived_from) == ("deepseek-r1-distill-llama-70b", "deepseek", "llama")
    tag = BOOK.find("ollama/deepseek-r1:14b")
    assert tag is not None
    assert tag.model == "deepseek-r1-distill-qwen-14b"


def test_weights_count_as_open_from_the_day_they_were_published() -> None:
    before, after = BOOK.find("grok-2", on=date(2025, 8, 22)), BOOK.find("grok-2", on=date(2025, 8, 23))
    assert before is not None and after is not None
    assert (before.open, before.origin) == (False, "proprietary_other")
    assert (after.open, after.origin) == (True, "open_other")


def test_a_stealth_model_has_no_maker_before_it_was_named() -> None:
    before = BOOK.find("openrouter/polaris-alpha", on=date(2025, 11, 12))
    after = BOOK.find("openrouter/polaris-alpha", on=date(2025, 11, 13))
    known_now = BOOK.find("openrouter/polaris-alpha", on=date(2025, 11, 12), hindsight=True)
    assert before is not None and after is not None and known_now is not None
    assert (before.maker, before.origin) == (None, "unknown")
    assert (after.model, after.maker) == ("gpt-5.1", "openai")
    assert known_now.maker == "openai"
    never = BOOK.find("openrouter/owl-alpha")
    assert never is not None
    assert (never.model, never.maker, never.origin) == ("owl-alpha", None, "unknown")


def test_a_router_is_nobodys_model() -> None:
    match = BOOK.find("openrouter/auto")
    assert match is not None
    assert (match.model, match.maker, match.origin) == ("openrouter-auto", None, "unknown")
    assert BOOK.find("auto") is None


@pytest.mark.parametrize(
    ("on", "model"),
    [(date(2025, 1, 1), "deepseek-v3"), (date(2025, 9, 1), "deepseek-v3.1"), (date(2026, 5, 1), "deepseek-v4-flash")],
)
def test_a_rolling_name_means_what_it_meant_that_day(on: date, model: str) -> None:
    match = BOOK.find("deepseek-chat", on=on)
    assert match is not None
    assert match.model == model
    assert "rolling" in match.rule


def test_a_rolling_name_without_a_day_is_only_likely() -> None:
    match = BOOK.find("mistral-large-latest")
    assert match is not None
    assert match.sure == "likely"
    year = BOOK.find("~google/gemini-pro-latest")
    assert year is not None
    assert (year.model, year.maker) == (None, "google")


def test_a_new_model_of_a_maker_with_both_kinds_has_unknown_weights() -> None:
    match = BOOK.find("z-ai/glm-6.5")
    assert match is not None
    assert (match.maker, match.open, match.origin) == ("zhipu", None, "unknown")


def test_that_a_new_model_of_an_open_family_is_open_is_only_likely() -> None:
    match = BOOK.find("deepseek-v9")
    assert match is not None
    assert (match.model, match.sure) == (None, "likely")


@pytest.mark.parametrize("word", ["mini", "nano", "lite", "flash", "air", "pro", "plus", "max", "turbo", "ultra",
                                  "fast", "coder", "vl", "distill", "highspeed", "70b"])  # fmt: skip
def test_a_word_that_names_other_weights_is_never_dropped(word: str) -> None:
    core = tokens(f"somemodel-4-{word}")
    assert [key for key, _ in peeled(core, BOOK.facts.words)] == [core]


def test_every_step_that_loses_something_is_told() -> None:
    match = BOOK.find("deepseek-v3.2-20261231-AWQ")
    assert match is not None
    assert "date" in match.rule and "format" in match.rule
    assert match.sure == "likely"


@pytest.mark.parametrize(
    ("name", "length"),
    [("m-20250807", 1), ("m-2025-08-07", 1), ("m-08-2024", 2), ("m-0528", 1), ("m-2507", 1), ("m-07-25", 2),
     ("m Jun 2025", 2), ("m-26-01-10", 3), ("m-4-20", 0), ("m-2.5", 0), ("m-70b", 0), ("m-1776", 0)],
)  # fmt: skip
def test_dates_are_told_from_versions(name: str, length: int) -> None:
    assert date_length(tokens(name)) == length


def test_the_host_is_another_fact_than_the_maker() -> None:
    match = BOOK.find("fireworks_ai/accounts/fireworks/models/deepseek-v3p2")
    assert match is not None
    assert (match.maker, match.country, match.host) == ("deepseek", "CN", "fireworks")
    served_by = BOOK.host_of("https://api.fireworks.ai/inference/v1")
    assert served_by is not None and served_by.country == "US"
    ark = BOOK.host_of("ark.cn-beijing.volces.com")
    assert ark is not None and ark.country == "CN"
    assert BOOK.host_of("https://example.org/v1") is None


def test_a_column_is_matched_row_by_row_and_keeps_its_order_and_its_unknowns() -> None:
    names = pl.Series(["grok-2", "nonsense-9", None, "qwen3-max", "grok-2"] * 1000)
    days = pl.Series([date(2025, 1, 1), None, None, None, date(2026, 1, 1)] * 1000)
    table = BOOK.match(names, days)
    assert len(table) == len(names)
    assert table["name"].to_list() == names.to_list()
    assert table["origin"].to_list()[:5] == ["proprietary_other", "unknown", "unknown", "proprietary_cn", "open_other"]
    assert table["known"].to_list()[:5] == [True, False, False, True, True]


def test_an_unknown_model_that_is_needed_names_similar_ones() -> None:
    with pytest.raises(UnknownName, match=r"qwen3-max"):
        BOOK.need("kwen-3-max")


def test_the_path_is_read_apart_and_its_region_left_out() -> None:
    taken = parts("bedrock/eu-west-1/mistral.mistral-large-2402-v1:0", BOOK.facts.words)
    assert taken.path == ("bedrock", "mistral")
    assert taken.core == ("mistral", "large", "2402")


DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is not here")


@needs_data
def test_the_catalogue_holds_every_model_that_the_data_need() -> None:
    usage = pl.read_csv(DATA / "openrouter" / "rankings_daily_2026-05-20_06-14.csv", infer_schema=False)
    share = usage.group_by("model_permaslug").agg(pl.col("total_tokens").cast(pl.Int64).sum())
    large = share.filter(pl.col("total_tokens") >= 0.005 * pl.col("total_tokens").sum())["model_permaslug"].to_list()
    epoch = pl.read_csv(DATA / "epoch" / "eci_scores_2026-02-08.csv", infer_schema=False)["Model"].to_list()
    arena = pl.read_csv(DATA / "arena" / "arena_history_to_2026-03.csv", infer_schema=False)["model"].unique().to_list()
    wide = pl.read_csv(DATA / "arena" / "nakasyou_result.csv", n_rows=1).columns[1:]
    answers = (
        pl.read_parquet(DATA / "answers" / "seccodebench_v2.2.0_14_models.parquet", columns=["model"])["model"]
        .unique()
        .to_list()
    )
    wanted = {*large, *epoch, *arena, *wide, *answers} - {"other"}
    missing = sorted(name for name in wanted if (match := BOOK.find(name)) is None or match.model is None)
    assert missing == []


@needs_data
def test_countries_agree_with_epochs_for_every_model_it_rates() -> None:
    names = {"United States of America": "US", "China": "CN", "France": "FR", "United Arab Emirates": "AE",
             "United Kingdom of Great Britain and Northern Ireland": "GB"}  # fmt: skip
    epoch = pl.read_csv(DATA / "epoch" / "eci_scores_2026-02-08.csv", infer_schema=False)
    differing = {
        model: (match.country, theirs)
        for model, theirs in epoch.select("Model", "Country (of organization)").iter_rows()
        if (match := BOOK.find(model)) and match.country not in {names.get(c) for c in theirs.split(",")}
    }
    # BigCode is an international collaboration: no country is known for it here.
    assert {model.split(" 2")[0] for model in differing} == {"StarCoder"}


@pytest.mark.parametrize(
    ("spelling", "maker", "origin"),
    [
        ("gpt2", "openai", "open_other"),
        ("gpt-4o-mini-tts", "openai", "proprietary_other"),
        ("whisper-1", "openai", "open_other"),
        ("text-embedding-3-small", "openai", "proprietary_other"),
        ("text-embedding-v3", "alibaba", "proprietary_cn"),
        ("text-embedding-004", "google", "proprietary_other"),
        ("BAAI/bge-m3", "baai", "open_cn"),
        ("thenlper/gte-large", "alibaba", "open_cn"),
        ("sentence-transformers/all-MiniLM-L6-v2", "sentence-transformers", "open_other"),
        ("bert-base-uncased", "google", "open_other"),
        ("bert-nebulon-alpha", "mistral", "open_other"),
    ],
)
def test_models_that_are_no_language_models_have_their_maker(spelling: str, maker: str, origin: str) -> None:
    match = BOOK.find(spelling)
    assert match is not None
    assert (match.maker, match.origin) == (maker, origin)


@pytest.mark.parametrize(
    ("spelling", "host"),
    [
        ("openrouter/deepseek/deepseek-chat", "openrouter"),
        ("vertex_ai/deepseek-ai/deepseek-v3.1-maas", "vertex"),
        ("deepseek/deepseek-chat", "deepseek-api"),
        ("Qwen/Qwen3-8B", None),
    ],
)
def test_the_outermost_host_is_the_one_that_is_asked(spelling: str, host: str | None) -> None:
    match = BOOK.find(spelling)
    assert match is not None and match.host == host


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/model/x/invoke", "bedrock"),
        ("us-central1-aiplatform.googleapis.com", "vertex"),
        ("https://mine.openai.azure.com/openai/deployments/x", "azure"),
        ("https://ark.cn-shanghai.volces.com/api/v3", "volcengine"),
        ("s3.eu-west-1.amazonaws.com", None),
        ("storage.googleapis.com", None),
        ("notapi.openai.com.example.org", None),
    ],
)
def test_a_host_is_known_in_every_region(address: str, host: str | None) -> None:
    found = BOOK.host_of(address)
    assert (found.id if found else None) == host
