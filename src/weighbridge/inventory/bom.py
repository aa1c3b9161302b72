"""The inventory as a CycloneDX ML-BOM: models and weights as components, endpoints as services, each with where it
was seen."""

# The library's classes are wrapped by a decorator that hides their constructors from type checkers.
# pyright: reportCallIssue=false, reportAttributeAccessIssue=false

from __future__ import annotations

from collections import defaultdict

from cyclonedx.model import Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence
from cyclonedx.model.contact import OrganizationalEntity, PostalAddress
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.model.service import Service
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

from weighbridge import __version__
from weighbridge.catalog import Catalog
from weighbridge.inventory.hits import Hit


def document(name: str, hits: list[Hit], book: Catalog, *, many: bool) -> str:
    """The BOM of the counted hits as JSON (CycloneDX 1.6). One component a model, one service a host.

    The library has no model cards yet: what they would say (origin, openness, base) stands in properties
    ``weighbridge:…``.
    """
    root = Component(name=name, type=ComponentType.APPLICATION, bom_ref=BomRef("root"))
    bom = Bom()
    bom.metadata.component = root
    bom.metadata.tools.components.add(
        Component(name="weighbridge", version=__version__, type=ComponentType.APPLICATION)
    )
    models: dict[str, list[Hit]] = defaultdict(list)
    hosts: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        if hit.counted and hit.kind in ("model", "weights"):
            models[hit.name].append(hit)
        if hit.counted and hit.host:
            hosts[hit.host].append(hit)
    components = [_component(name, found, many) for name, found in sorted(models.items())]
    bom.components.update(components)
    services = [_service(name, found, book) for name, found in sorted(hosts.items())]
    bom.services.update(services)
    bom.register_dependency(root, [*components, *services])  # pyright: ignore[reportArgumentType]  (the decorated classes are known as unions)
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)


def _component(name: str, hits: list[Hit], many: bool) -> Component:
    best = next((hit for hit in hits if hit.maker or hit.derived_from), hits[0])
    facts = {
        "origin": best.origin,
        "weights": {True: "open", False: "closed", None: "not known"}[best.open],
        "country": best.country or "not known",
        "sure": min((hit.sure for hit in hits), key=("certain", "likely", "hint").index),
        **({"derived_from": best.derived_from} if best.derived_from else {}),
        **({"family": best.family} if best.family else {}),
    }
    occurrences = {(f"{hit.repository}/{hit.file}" if many else hit.file, hit.line): hit for hit in hits}
    maker = None
    if best.maker_name:
        maker = OrganizationalEntity(
            name=best.maker_name, address=PostalAddress(country=best.country) if best.country else None
        )
    return Component(
        name=name,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=BomRef(f"model:{name}"),
        manufacturer=maker,
        licenses=[DisjunctiveLicense(name=best.licence)] if best.licence else None,
        properties=[Property(name=f"weighbridge:{key}", value=value) for key, value in facts.items()],
        evidence=ComponentEvidence(
            occurrences=[
                Occurrence(location=where, line=line or None, additional_context=hit.evidence)
                for (where, line), hit in sorted(occurrences.items(), key=lambda pair: pair[0])
            ]
        ),
    )


def _service(name: str, hits: list[Hit], book: Catalog) -> Service:
    host = next((row for row in book.facts.hosts if row.id == name), None)
    endpoints = sorted(
        {
            hit.evidence
            for hit in hits
            if hit.kind == "host" and "://" in hit.evidence and not set(hit.evidence) & set("{}$…<>\\")
        }
    )
    provider = None
    if host:
        provider = OrganizationalEntity(
            name=host.name, address=PostalAddress(country=host.country) if host.country else None
        )
    return Service(
        name=name,
        bom_ref=BomRef(f"host:{name}"),
        provider=provider,
        endpoints=[XsUri(uri) for uri in endpoints],
        properties=[Property(name="weighbridge:host_country", value=(host.country if host else None) or "not known")],
    )
