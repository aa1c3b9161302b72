"""Who is asking: contexts as data, and the sentence that each adds to a request.

``contexts.toml`` holds those shipped; a plan names further files of the user's own in the same format. The context
*neutral* adds nothing and is always asked: every effect is measured against it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from weighbridge.errors import PlanError, UnknownName

SHIPPED = Path(__file__).parent / "contexts.toml"


@dataclass(frozen=True)
class Context:
    """One context: its id (``group/name``), group, and its sentences by language (paraphrases, averaged over)."""

    id: str
    group: str
    sentences: dict[str, tuple[str, ...]]

    def paraphrases(self, language: str) -> tuple[str, ...]:
        """The sentences in a language.

        Raises:
            PlanError: there is none in that language.
        """
        if language not in self.sentences:
            raise PlanError(f"context '{self.id}' has no sentence in language '{language}'; drop it or the language")
        return self.sentences[language]


NEUTRAL = Context("neutral", "neutral", {"en": ("",), "zh": ("",)})


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    group: str
    name: str
    en: str | None = None
    zh: str | None = None
    texts: dict[str, list[str]] | None = None

    @model_validator(mode="after")
    def _has_words(self) -> _Row:
        if not (self.texts or self.en or self.zh):
            raise ValueError("needs `en`, `zh` or `texts`")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sentences: dict[str, list[str]] = {}
    context: list[_Row]


def contexts(files: Iterable[Path] = ()) -> dict[str, Context]:
    """Every context by id: those shipped, then those in further files, in the order written.

    A file without ``sentences`` of its own uses the shipped ones.

    Raises:
        PlanError: a file is malformed, or two contexts have one id.
    """
    found = {NEUTRAL.id: NEUTRAL}
    shared: dict[str, list[str]] = {}
    for path in (SHIPPED, *files):
        try:
            read = _File.model_validate(tomllib.loads(path.read_text("utf-8")))
        except ValidationError as error:
            fault = error.errors()[0]
            field = ".".join(str(part) for part in fault["loc"])
            raise PlanError(f"{path}: `{field}`: {fault['msg']}") from error
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise PlanError(f"{path}: cannot be read as a contexts file ({error})") from error
        sentences = read.sentences or shared
        shared = shared or read.sentences
        for row in read.context:
            context = _from_row(row, sentences)
            if context.id in found:
                raise PlanError(f"{path}: a context '{context.id}' is known already; rename it")
            found[context.id] = context
    return found


def _from_row(row: _Row, sentences: dict[str, list[str]]) -> Context:
    words = {language: tuple(texts) for language, texts in (row.texts or {}).items()}
    for language, who in (("en", row.en), ("zh", row.zh)):
        if who and language not in words:
            words[language] = tuple(sentence.format(who=who) for sentence in sentences.get(language, ["{who}"]))
    return Context(f"{row.group}/{row.name}", row.group, words)


def choose(known: dict[str, Context], patterns: Sequence[str]) -> list[Context]:
    """The contexts that shell patterns on ``group/name`` choose, neutral first, in the order they are written.

    Raises:
        UnknownName: a pattern that matches nothing.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            groups = sorted({context.group for context in known.values()})
            raise UnknownName(f"no context matches '{pattern}'; known groups: {', '.join(groups)}")
    chosen = [context for context in known.values() if any(fnmatchcase(context.id, pattern) for pattern in patterns)]
    return [NEUTRAL, *(context for context in chosen if context is not NEUTRAL)]
