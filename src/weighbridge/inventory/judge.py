"""Is this mention a use of a model, of a host or of an SDK, and how sure is that?

A model's id under a name that says *model* is certain; the same id in some other string is likely; one that is
compared with, is a key, or stands under a caption is a hint and is not counted. A bare word (llama, gemini, command,
spark) is never a use by itself. What the catalogue does not know counts as a model only where the code says so:
``from_pretrained``, a serving command, a model's own configuration. The words that decide stand in ``judge.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from weighbridge.catalog import Catalog, Match
from weighbridge.catalog.spelling import parts, tokens
from weighbridge.inventory import addresses, commands, headers, sdks
from weighbridge.inventory.hits import Judged, Mention, Sure

_SHAPE = re.compile(r"[A-Za-z@~][\w.\-/:@+]{1,119}")
_FILE = re.compile(
    r"\.(?:py|pyi|js|mjs|ts|tsx|jsx|md|rst|json|jsonl|ya?ml|toml|txt|html?|css|png|jpe?g|svg|gif|ico|csv|sh|go|rs|java|kt|rb|php|c|cc|cpp|h|hpp|lock|log|com|org|net|cpp|tsv|ipynb|sql|xml|cfg|ini|exe|dll|so|zip|gz|parquet|pdf)$",
    re.IGNORECASE,
)
_WEIGHTS_FILE = re.compile(r"\.(?:gguf|safetensors|ggml|llamafile)$", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_OWNED = re.compile(r"[\w.\-]+/[\w.\-]+(?::[\w.\-]+)?")
_SIZE = re.compile(r"\d+(?:b|m|x\d+b|k)")
_DEFAULT = re.compile(r"\$\{([A-Za-z_][\w.\-]*):[-=?]?([^${}]+)\}")
_STORE = re.compile(r"(?:hf|huggingface|modelscope|ollama|ollama_chat)://(?!.*[{$])", re.IGNORECASE)
_ONLY_MODEL = re.compile(
    r"(?:.*[._\-])?(?:chat|llm|default|embedding|with)?[._\-]?model(?:[._\-]?(?:name|id))?", re.IGNORECASE
)


@dataclass
class Judge:
    """Decides with one catalogue. Strings are judged once: equal ones in a thousand files cost one look-up."""

    book: Catalog
    words: dict[str, Any] = field(
        default_factory=lambda: tomllib.loads((Path(__file__).parent / "judge.toml").read_text("utf-8"))
    )
    _seen: dict[tuple[str, str, str], tuple[Judged, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def _everyday(self) -> frozenset[str]:
        return frozenset(self.words["everyday"])

    @cached_property
    def _programs(self) -> frozenset[tuple[str, ...]]:
        return frozenset(tokens(name) for name in self.words["programs"])

    @cached_property
    def _prose(self) -> frozenset[str]:
        return frozenset(self.words["prose_words"])

    @cached_property
    def _menu(self) -> frozenset[str]:
        return frozenset(self.words["menu_words"])

    @cached_property
    def _says_model(self) -> frozenset[str]:
        return frozenset(self.words["model_words"])

    @cached_property
    def _wants_any(self) -> frozenset[str]:
        return frozenset(self.words["weights_words"])

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        """Every word that stands in a known model's name or in the catalogue's rules; others belong to a project's
        name."""
        rules = self.book.facts.words
        keys = [*self.book.index.exact, *self.book.index.aliases]
        keys += [*rules.variants, *rules.formats, *rules.modes, *rules.kinds, *rules.stages]
        keys += [pattern for found in self.book.index.patterns.values() for pattern, _ in found]
        return frozenset(token for key in keys for token in key)

    def file(self, mentions: list[Mention]) -> Iterator[Judged]:
        """The uses in one file. The several words of a weights file about itself are one use."""
        weights = [m for m in mentions if m.role in ("weights", "file name")]
        if weights:
            yield from headers.weights(weights, self.book)
        for mention in mentions:
            if mention.role == "architecture" and not any(m.role == "weights" for m in weights):
                yield from headers.architecture(mention, self.book)
            elif mention.role not in ("weights", "file name", "architecture"):
                key = (mention.text, mention.key, mention.role)
                if key not in self._seen:
                    self._seen[key] = tuple(self._mention(mention))
                for judged in self._seen[key]:
                    yield replace(judged, line=mention.line)

    def _mention(self, mention: Mention) -> Iterator[Judged]:
        text, key, role = mention.text.strip(), mention.key, mention.role
        if role == "sdk":
            provider = sdks.of_package(text)
            if provider is not None:
                yield Judged("sdk", text.lower(), text, "hint", f"SDK of {provider or 'many providers'}")
            return
        if role == "environment":
            provider = sdks.of_variable(text)
            if provider is not None:
                yield Judged("key name", text, text, "hint", f"a variable of {provider}")
            return
        if provider := sdks.of_variable(text):
            yield Judged("key name", text, text, "hint", f"a variable of {provider}")
            return
        if role == "constant":
            match = self.book.find(text)
            if match and match.model:
                sure: Sure = "likely" if self._prose.isdisjoint(self._words_of(key)) else "hint"
                yield Judged("model", match.model, text, sure, f"a constant of an SDK; {match.rule}", match)
            return
        if default := _DEFAULT.fullmatch(text):
            text, key = default.group(2).strip(), f"{key}.{default.group(1)}" if key else default.group(1)
        words = self._words_of(key)
        menu = "models" in words and not self._menu.isdisjoint(words)
        weak = role == "weak" or menu or not self._prose.isdisjoint(words)
        whole = not re.search(r"\s", text)
        if scheme := _STORE.match(text):
            yield from self._name(text[scheme.end() :], key, weak, asked=True)
            return
        if whole or role == "command":
            cloned = role == "command" and re.search(r"\bgit (?:lfs )?clone\b", text) is not None
            yield from self._addresses(text, key, weak, cloned=cloned)
        if whole and role != "command" and "://" not in text and text[:1] != "-":
            yield from self._name(text.split("foundation-model/")[-1].split("inference-profile/")[-1], key, weak)
        else:
            for name, how in commands.models(text, anywhere=role == "command"):
                yield from self._name(name, how, weak, asked=True)
        if role == "command" and whole and key:
            yield from self._name(text, key, weak, asked=True)

    def _addresses(self, text: str, key: str, weak: bool, *, cloned: bool) -> Iterator[Judged]:
        for address in addresses.found(text):
            if address.hub_model:
                fetched = address.fetched or cloned
                yield from self._name(address.hub_model, "hub address", weak or not fetched, asked=fetched)
                continue
            host = addresses.host(address, self.book, self.words)
            if host is None:
                continue
            sure: Sure = "hint" if weak else "certain" if address.scheme else "likely"
            yield Judged("host", host.id, address.safe, sure, f"an address of {host.name}", host=host.id)
            if address.model:
                yield from self._name(address.model, "model in an address", weak)

    def _words_of(self, key: str) -> set[str]:
        """The words of a key or a call, alone and by twos: ``baseModel`` gives base, model, basemodel, base_model."""
        words = [word.lower() for word in _WORD.findall(key)]
        twos = list(pairwise(words))
        last = key.lower().rsplit(".", 1)[-1]
        return {*words, *(a + b for a, b in twos), *(f"{a}_{b}" for a, b in twos), key.lower(), last}

    def _name(self, text: str, key: str, weak: bool, *, asked: bool = False) -> Iterator[Judged]:
        """A single word: a model's id, as sure as its own shape and the name it stands under make it."""
        text = re.sub(r"^(?:hf\.co/|huggingface\.co/|docker\.io/ai/|ai/(?=\w))", "", text)
        if _WEIGHTS_FILE.search(text):
            text, asked = _WEIGHTS_FILE.sub("", text).rsplit("/", 1)[-1], True
        local = text[:1] in "./$" or text[:2] == "~/" or bool(re.match(r"[A-Za-z]:[\\/]", text))
        if local:
            text = text.rstrip("/").rsplit("/", 1)[-1]
        if not _SHAPE.fullmatch(text) or (_FILE.search(text) and not asked) or "//" in text:
            return
        words = self._words_of(key)
        says_model = asked or not self._says_model.isdisjoint(words)
        wants_any = asked or not self._wants_any.isdisjoint(words)
        match = self.book.find(text)
        evidence = f"{key} = {text}" if key else text
        if match is None and ":" in text and (behind := self.book.find(text.rsplit(":", 1)[1])) and behind.maker:
            # provider:model, with a provider that the catalogue does not know as one.
            text, match = text.rsplit(":", 1)[1], behind
        if match is None:
            sized = says_model and re.search(r"[-_]\d+(?:\.\d+)?[bm]\b", text, re.IGNORECASE) is not None
            if (wants_any or sized) and not weak and not local and _OWNED.fullmatch(text):
                yield Judged("model", text, evidence, "likely", "named as a model; the catalogue does not know it")
            elif asked and key in commands.CERTAIN and not weak and not local:
                yield Judged("model", text, evidence, "likely", f"named by '{key}'; the catalogue does not know it")
            return
        if (
            "provider" in words
            and match.model is None
            and "-" not in text
            and not any(token[0].isdigit() for token in tokens(text))
        ):
            return
        weak = weak or text[-1] in "-_/.:"
        plainly = _ONLY_MODEL.fullmatch(key) is not None
        sure, why = self._sure(text, match, says_model=says_model, asked=asked, plainly=plainly)
        if sure is None or (weak and sure == "hint"):
            return
        if weak:
            sure, why = "hint", f"{why}; compared with, a key, or a caption"
        if local and sure == "certain":
            sure = "likely"
        yield Judged("model", match.model or text, evidence, sure, f"{why}; {match.rule}", match, self._host_in(text))

    def _host_in(self, text: str) -> str | None:
        """The host that a name begins with (``azure/…``, ``openrouter/…``).

        A maker's name there may as well be a namespace of a router or the hub (``anthropic/claude-…``): it says
        nothing of who serves.
        """
        first = text.split("/", 1)[0].casefold() if "/" in text else ""
        host = self.book.index.prefixes.get(first)
        return host.id if host and host.kind != "maker" and first not in self.book.index.namespaces else None

    def _sure(
        self, text: str, match: Match, *, says_model: bool, asked: bool, plainly: bool
    ) -> tuple[Sure | None, str]:
        """How sure it is that ``text`` is meant as a model; None where it is not. ``plainly``: it is set as *the*
        model, so that even a family's name alone is one."""
        core = parts(text, self.book.facts.words).core
        owned = "/" in text
        numbered = any(token[0].isdigit() for token in core)
        sized = any(_SIZE.fullmatch(token) for token in core)
        everyday = core[0] in self._everyday if core else True
        nobody = match.maker is None and match.derived_from is None and match.model is None
        if not owned and match.model is None and any(core[: len(name)] == name for name in self._programs):
            return None, ""
        if not core or nobody:
            return ("hint", "a name that several makers use") if says_model and (numbered or asked) else (None, "")
        if len(core) == 1 and not owned:
            bare: Sure = "likely" if asked or (text.islower() and not everyday and plainly) else "hint"
            return (bare, "a family's name alone") if says_model else (None, "")
        if match.model is None and match.family is None and match.derived_from is None:
            # openai.local_shell is a tool, openai/… a model: only a path is a namespace.
            return (
                ("likely", "a maker's namespace, under a name that says model") if says_model and owned else (None, "")
            )
        if match.derived_from and match.maker is None and not says_model:
            return ("hint", "somebody's name after a family") if numbered else (None, "")
        if says_model:
            if match.model is None and not numbered and match.depth < 2 and not asked:
                return "hint", "a family's name with other words"
            if everyday and match.model is None and match.depth < 2 and not (sized or owned or asked or plainly):
                return "hint", "an everyday word with a number"
            certain = match.model is not None and match.sure == "certain"
            return ("certain" if certain else "likely"), "under a name that says model"
        if match.depth > 1 and len(core) > 2 and "-" in text:
            return "likely", "a model's id in a string"
        if everyday and not (owned and match.maker) and not (match.model and len(core) >= 3):
            return None, ""
        if len(text) < 5 or (match.model is None and not numbered):
            return None, ""
        known = all(token in self._vocabulary or token.isdigit() or _SIZE.fullmatch(token) for token in core)
        if not known and not owned and match.model is None:
            return None, ""
        if (match.model is None and not known) or text[:3] == "GPT" or ("_" in text and not re.search(r"[-/:.]", text)):
            return "hint", "looks like a caption or a project's name"
        return "likely", "a model's id in a string"
