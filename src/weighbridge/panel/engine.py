"""semgrep (LGPL-2.1) as an engine: how it is run over a batch with a set of rules, and how its JSON is read.

Several instruments stand on it, each with rules of its own (``analysers/semgrep.py``: the user's; ``njsscan.py``). A
rule of ours is laid beside them that flags the canary, so a run that has read no rule or no file is found out. semgrep
names every file that it scanned and every one that it could parse only in part; the latter is not analysable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from weighbridge.panel import toolsets
from weighbridge.panel.face import WORK, Command, Reading, Remark
from weighbridge.panel.rulefiles import LANGUAGES, Rule, laid

RULES = "/srv/rules/rules.yaml"
CANARY_RULE = "panel-canary"
ENDINGS = {
    "python": ".py",
    "javascript": ".js",
    "typescript": ".ts",
    "go": ".go",
    "c": ".c",
    "cpp": ".cpp",
    "java": ".java",
    "ruby": ".rb",
    "php": ".php",
    "rust": ".rs",
    "csharp": ".cs",
    "kotlin": ".kt",
    "swift": ".swift",
    "shell": ".sh",
}
"""Languages that semgrep reads, with the ending that it knows them by."""
CANARIES = {
    "python": "panel_canary(1)\n",
    "javascript": "panel_canary(1);\n",
    "typescript": "panel_canary(1);\n",
    "go": "package main\n\nfunc f() {\n\tpanel_canary(1)\n}\n",
    "c": "void f(void) {\n    panel_canary(1);\n}\n",
    "cpp": "void f() {\n    panel_canary(1);\n}\n",
    "java": "class A {\n    void f() {\n        panel_canary(1);\n    }\n}\n",
    "ruby": "panel_canary(1)\n",
    "php": "<?php\npanel_canary(1);\n",
    "rust": "fn f() {\n    panel_canary(1);\n}\n",
    "csharp": "class A {\n    void F() {\n        panel_canary(1);\n    }\n}\n",
    "kotlin": "fun f() {\n    panel_canary(1)\n}\n",
    "swift": "panel_canary(1)\n",
    "shell": "panel_canary 1\n",
}
CPU = (60.0, 0.5)
SECONDS_PER_RULE = 10
"""After so long with one file a rule is given up by semgrep, which says so."""
_BOOT = "import sys; from semgrep.console_scripts.pysemgrep import main; sys.argv[0] = 'semgrep'; sys.exit(main())"


def version() -> str | None:
    """semgrep's version, or None."""
    folder = toolsets.installed("semgrep")
    return toolsets.package_version(folder, "semgrep") if folder else None


def command(rules: Sequence[Rule], language: str) -> Command:
    """One process, no telemetry, no look at git or ignore files, and no ``nosem`` comment heard."""
    folder = toolsets.installed("semgrep")
    options = ["--metrics=off", "--disable-version-check", "--disable-nosem", "--no-git-ignore", "--json", "--quiet"]
    options += ["--jobs=1", "--max-target-bytes=0", f"--timeout={SECONDS_PER_RULE}", "--timeout-threshold=3"]
    options += ["--no-rewrite-rule-ids", "--scan-unknown-extensions", "--x-ignore-semgrepignore-files"]
    return Command(
        ["python", "-c", _BOOT, "scan", *options, f"--config={RULES}", WORK],
        files={RULES: laid(rules, language, _canary_rule(language))},
        folders={str(folder): toolsets.INSIDE},
        # it does not start without certificates, though it can reach nobody
        environment={"PYTHONPATH": toolsets.INSIDE, "SSL_CERT_FILE": f"{toolsets.INSIDE}/certifi/cacert.pem"},
    )


def read(stdout: bytes, stderr: bytes, exit_code: int, cwes: Mapping[str, Sequence[int]]) -> Reading:
    """Findings, with their rules' CWEs; a remark each where a rule names several."""
    report = json.loads(stdout)
    remarks: list[Remark] = []
    for row in report["results"]:
        file, rule, extra = PurePosixPath(row["path"]).stem, row["check_id"], row["extra"]
        text = re.sub(r"\s+", " ", extra["message"]).strip()[:500]
        sure = str((extra.get("metadata") or {}).get("confidence") or "").lower()
        for cwe in cwes.get(rule) or (None,):
            remarks.append(Remark(file, rule, cwe, row["start"]["line"], text, extra["severity"].lower(), sure))
    unreadable: dict[str, str] = {}
    for error in report["errors"]:
        kind = error.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if error.get("path"):
            unreadable[PurePosixPath(error["path"]).stem] = f"{kind}: {str(error.get('message'))[:200]}"
        elif error.get("level") == "error":
            raise ValueError(f"semgrep: {kind}: {str(error.get('message'))[:300]}")
    return Reading(remarks, unreadable, {PurePosixPath(path).stem for path in report["paths"]["scanned"]})


def _canary_rule(language: str) -> str:
    name = sorted(LANGUAGES[language])[0] if language != "shell" else "bash"
    pattern = "panel_canary 1" if language == "shell" else "panel_canary(1)"
    facts = {"id": CANARY_RULE, "languages": [name], "severity": "INFO", "message": "canary", "pattern": pattern}
    return json.dumps(facts)
