"""What does one file mention? Opened once, by a worker that has only a pattern, and given to the detector of its
name."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from weighbridge.inventory import detectors, sdks
from weighbridge.inventory.hits import Mention
from weighbridge.inventory.walk import LOCK_CAP, Found
from weighbridge.inventory.words import Patterns, compiled

MOST_MENTIONS = 2_000
"""Mentions of one file that are handed on; a file with more is named in the remarks."""
LONGEST_LINE = 20_000
ASKED = re.compile(
    r"pretrained|model|repo_id|hf_repo|model_?id|model_name_or_path|base_?model|sentencetransformer|snapshot_download|hf_hub",
    re.IGNORECASE,
)
_OWNED = re.compile(r"[\w.\-]{1,60}/[\w.\-]{1,80}")
_is_command = compiled(
    r"ollama|vllm|pretrained|sentencetransformer|huggingface|\bhf\b|llama-|llama_|model|sglang|lms |mlx_lm|\bllm\b"
    r"|hf\.co|aider"
)
_ROLES_KEPT = {"file name", "architecture", "weights"}


@dataclass(frozen=True, slots=True)
class Read:
    """What one file gave: its mentions, or why it could not be read."""

    found: Found
    mentions: list[Mention] = field(default_factory=list[Mention])
    remark: str = ""


def read_many(files: list[Found], patterns: Patterns) -> list[Read]:
    """Reads files in order; those that mention nothing and met no trouble are left out."""
    return [result for file in files for result in [read(file, patterns)] if result.mentions or result.remark]


def read(found: Found, patterns: Patterns) -> Read:
    """One file. Never follows a link, never opens what is not a regular file, and never raises for what is in it."""
    if found.stored:
        return Read(found, [Mention(0, found.stored, "model store", "weights")])
    name = Path(found.path).name
    detector = detectors.of(name)
    if detector is None:
        return Read(found)
    try:
        handle = os.open(found.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return Read(found, remark=f"files that cannot be opened ({error.strerror})")
    with os.fdopen(handle, "rb") as file:
        # Between the listing and the opening the entry may have been exchanged.
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return Read(found, remark="devices, pipes and sockets, not opened")
        try:
            if detector.binary:
                return Read(found, _kept(detector.read(file, name, _any), None))
            raw = file.read(LOCK_CAP)
        except OSError as error:
            return Read(found, remark=f"files that cannot be read ({error.strerror})")
        except (ValueError, KeyError) as error:
            return Read(found, _named(name), remark=f"weights files whose header cannot be believed: {error}")
    in_text = compiled(patterns.strings)
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not detector.always and not wide and not compiled(patterns.files)(raw):
        return Read(found)
    if b"\0" in raw[:4096]:
        if not wide:
            return Read(found, remark="binary files under a text file's name, not read")
        text = raw.decode("utf-16", "replace")
    else:
        text = raw.decode("utf-8-sig", "replace")
    try:
        mentions = _kept(detector.read(text, name, lambda one: _wanted(one, in_text)), in_text)
    except Exception as error:  # A fault of ours in one stranger's file must not hide all the others.
        return Read(found, remark=f"files that broke their reader, not read ({type(error).__name__})")
    remark = f"files with more than {MOST_MENTIONS} mentions, cut there" if len(mentions) >= MOST_MENTIONS else ""
    return Read(found, mentions, remark)


def _any(text: str) -> bool:
    return True


def _wanted(text: str, in_text: Callable[[str], bool]) -> bool:
    """A known name or address, a command, an SDK, or something of the shape owner/name."""
    if in_text(text):
        return True
    if " " in text:
        return len(text) < 4000 and _is_command(text)
    return bool(_OWNED.fullmatch(text)) or sdks.of_package(text) is not None


def _kept(mentions: Iterable[Mention], in_text: Callable[[str], bool] | None) -> list[Mention]:
    """The mentions that can be a model, a host or an SDK at all: the rest never leaves the worker."""
    kept: list[Mention] = []
    for mention in mentions:
        if (
            (sdks.of_package(mention.text) is not None)
            if mention.role == "sdk"
            else (sdks.of_variable(mention.text) is not None)
            if mention.role == "environment"
            else mention.role in _ROLES_KEPT
            or (in_text is None)
            or in_text(mention.text)
            or (mention.key and "/" in mention.text and ASKED.search(mention.key))
            or (
                (mention.role == "command" or " " in mention.text)
                and len(mention.text) < 4000
                and _is_command(mention.text)
            )
        ):
            kept.append(mention)
            if len(kept) >= MOST_MENTIONS:
                break
    return kept


def _named(name: str) -> list[Mention]:
    return [Mention(0, name.rsplit(".", 1)[0], name.rsplit(".", 1)[-1].lower(), "file name")]
