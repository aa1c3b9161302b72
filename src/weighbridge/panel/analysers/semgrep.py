"""semgrep (Semgrep Inc., LGPL-2.1) with rules of the user's own: ``--rules FOLDER``.

No rules are shipped: the registry's licence forbids it. The CWE of a finding is that in its rule's ``metadata.cwe``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from weighbridge.panel import engine, toolsets
from weighbridge.panel.face import Command, Facts, Reading
from weighbridge.panel.rulefiles import Rule

FACTS = Facts(
    licence="LGPL-2.1",
    home="https://semgrep.dev/docs",
    install=toolsets.INSTALL.format("semgrep"),
    cannot="finds what its rules describe, within one function in this edition; a rule without a CWE speaks of none",
    rules="the user's",
)


@dataclass(frozen=True)
class Semgrep:
    """semgrep with these rules, for every language that one of them is for."""

    rules: tuple[Rule, ...]
    BATCH: int = 500
    CPU: tuple[float, float] = engine.CPU
    FACTS: Facts = FACTS

    @cached_property
    def ENDINGS(self) -> Mapping[str, str]:
        """Only languages that have a rule: no rule is no instrument."""
        return {
            language: ending
            for language, ending in engine.ENDINGS.items()
            if any(rule.reads(language) for rule in self.rules)
        }

    @cached_property
    def CANARIES(self) -> Mapping[str, str]:
        return {language: engine.CANARIES[language] for language in self.ENDINGS}

    @cached_property
    def _cwes(self) -> Mapping[str, Sequence[int]]:
        return {rule.id: rule.cwes for rule in self.rules}

    def version(self) -> str | None:
        """The engine's version with the number and the hash of the rules."""
        engine_version = engine.version()
        digest = hashlib.sha256("\0".join(sorted(rule.body for rule in self.rules)).encode()).hexdigest()[:12]
        return f"{engine_version} ({len(self.rules)} rules {digest})" if engine_version else None

    def command(self, language: str) -> Command:
        return engine.command(self.rules, language)

    def read(self, stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
        return engine.read(stdout, stderr, exit_code, self._cwes)


def with_rules(rules: tuple[Rule, ...]) -> Semgrep:
    """The analyser with these rules."""
    return Semgrep(rules)
