"""The inventory as SARIF 2.1.0, for the places where findings of a build are shown (OASIS, sarif-v2.1.0)."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from weighbridge import __version__
from weighbridge.inventory.hits import Hit
from weighbridge.inventory.policy import Breach

_RULES = {
    "model": "A model that the code or its configuration names",
    "weights": "A file of weights",
    "host": "An endpoint that serves models",
    "models.not_from": "The policy allows no model from this country",
    "models.only_from": "The policy allows models from named countries only",
    "models.not_made_by": "The policy allows no model of this maker",
    "models.never": "The policy names this model",
    "models.only_licences": "The policy allows named licences only",
    "hosts.only": "The policy allows named hosts only",
    "hosts.never": "The policy names this host",
    "hosts.not_in": "The policy allows no host in this country",
}


def document(hits: list[Hit], breaches: list[Breach], *, many: bool) -> dict[str, Any]:
    """Counted hits as notes, breaches as errors, undecided rules as warnings; accepted breaches carry a suppression.

    ``many``: files are shown under their repository's name.
    """
    results = [
        _result(hit.kind, "note", f"{hit.name}: {hit.why} ({hit.sure})", hit, many) for hit in hits if hit.counted
    ]
    for breach in breaches:
        row = _result(breach.rule, "error" if breach.decided else "warning", breach.why, breach.hit, many)
        row["partialFingerprints"] = {"weighbridge/v1": breach.fingerprint}
        row["suppressions"] = [{"kind": "external", "status": "accepted"}] if breach.accepted else []
        results.append(row)
    used = sorted({row["ruleId"] for row in results})
    for row in results:
        row["ruleIndex"] = used.index(row["ruleId"])
    driver = {
        "name": "weighbridge",
        "version": __version__,
        "rules": [{"id": rule, "shortDescription": {"text": _RULES[rule]}} for rule in used],
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _result(rule: str, level: str, text: str, hit: Hit, many: bool) -> dict[str, Any]:
    path = f"{hit.repository}/{hit.file}" if many else hit.file
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path)}}
    if hit.line > 0:
        place["region"] = {"startLine": hit.line}
    print_of = hashlib.sha256("\0".join((rule, path, hit.name)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"weighbridge/v1": print_of},
    }
