"""Source -> the bundle's sections `journeys`, `limits` and `record`: what nobody executes but somebody answers for. Pure.

Where packs and tenant both speak, the strictest holds, as everywhere in a bundle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from compiler.build.floors import floors
from compiler.build.known import plain, unknown, unknown_in
from compiler.source.model import Source
from compiler.source.strictest import consents
from compiler.source.tree import Map

WORKING_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")  # where hours name no day
SCOPES = ("tenant", "organisation")  # the further an opt-out reaches, the stricter
ORGANISATIONS = "_organisations"


def journeys(source: Source) -> dict[str, Any]:
    """How conversations begin and go on."""
    raw = source.sections["journeys"]
    activation = raw["activation"]
    return {
        "activation": {
            "auto_reply": activation.get("auto_reply", True),
            "mode": activation["mode"],
            "keywords": sorted(activation["keywords"]),
            "hours": _hours(activation.get("hours")),
        },
        "ask_flows": [_named(flow, "id steps") for flow in _by(raw["ask_flows"], "id")],
        "follow_ups": [_named(each, "id campaign after_hours") for each in _by(raw["follow_ups"], "id")],
        "appointments": _named(raw["appointments"], "enabled slot_minutes notice_hours max_days_ahead"),
        "lead_score": _named(raw["lead_score"], "enabled weights"),
    }


def limits(source: Source) -> dict[str, Any]:
    """Upper limits beside the policy's."""
    raw = source.sections["caps"]
    credits: Mapping[str, Any] = raw.get("credits", {})
    return {
        **_named(raw["rates"], "inbound_per_contact_per_minute outbound_per_minute"),
        "concurrency": raw["concurrency"],
        **_named(raw["models"], "pence_per_turn cheaper_from_percent"),
        "credits_per_month": credits.get("per_month"),
        "credits_warn_at_percent": credits.get("warn_at_percent"),
    }


def record(source: Source) -> dict[str, Any]:
    """What the firm states and what its packs ask of it."""
    tenant, persona = source.sections["tenant"], source.sections["persona"]
    return {
        **{key: tenant[key] for key in ("role", "plan")},
        **{key: plain(tenant.get(key, {})) for key in ("business", "account", "residency")},
        "perimeter": _perimeter(source),
        "approvers": [
            {**_named(each, "name role key login", ""), "approves": sorted(each["approves"])}
            for each in _by(tenant["approvers"], "name")
        ],
        "review_keys": [
            _named(each, "name key host repository") for each in _by(tenant.get("review_keys", ()), "name")
        ],
        "processors": [
            _named(each, "name does region agreement signed_on transfer", "")
            for each in _by(tenant.get("processors", ()), "name")
        ],
        "domains": _union(
            source.sections["destinations"]["domains"], *(p.get("domains", ()) for _, p in _packs(source))
        ),
        "consent": _consent(source),
        "voice": plain(persona["voice"]),
        "models": plain(persona.get("models", {})),
        "duties": [
            {**_named(duty.raw, "id says when"), "pack": pack.id}
            for pack in source.packs
            for duty in pack.duties
        ],
        "opening_order": [name for _, pack in _packs(source) for name in pack.get("opening_order", ())],
        "retention_floor": _retention_floor(source),
        "packs": floors(source),
        "checklist": [
            {
                **_named(item, "id gate item evidence signer max_age_days"),
                "people": item.get("people", 1),
                "bound": item.get("bound", False),
            }
            for item in _by([i for pack in source.packs for i in pack.checklist], "id")
        ],
        "sources": _citations(source),
        "organisation": _organisation(source),
        "more": sorted(_more(source), key=lambda each: str(each["id"])),
    }


def _packs(source: Source) -> Iterator[tuple[str, Map]]:
    return ((pack.id, pack.sections["pack"]) for pack in source.packs)


def _by(items: Iterable[Map], key: str) -> list[Map]:
    return sorted(items, key=lambda item: str(item[key]))


def _named(raw: Mapping[str, Any], names: str, default: Any = None) -> dict[str, Any]:
    """These properties, in plain values; `default` for one that is not there."""
    return {name: plain(raw.get(name, default)) for name in names.split()}


def _union(*lists: Iterable[str]) -> list[str]:
    return sorted({word for words in lists for word in words})


def _hours(raw: Map | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    days = list(raw.get("weekdays", WORKING_DAYS))
    return {"open_from": raw["from"], "open_until": raw["until"], "weekdays": sorted(days)}


def _perimeter(source: Source) -> dict[str, Any]:
    raw = source.sections["tenant"]["perimeter"]
    opinion = raw.get("opinion", "")
    return {
        **_named(raw, "permission reviewed_by review_by"),
        "opinion": opinion,
        "opinion_digest": document_digest(source, opinion),
    }


def document_digest(source: Source, name: str) -> str:
    """The sha256 of a cited document; empty where none is cited."""
    return source.documents.get(name) or source.documents.get(f"documents/{name}", "")


def _consent(source: Source) -> dict[str, Any]:
    """A basis is allowed where everybody who speaks of bases allows it; evidence is wanted that anybody wants."""
    given = [held for _, held in consents(source)]
    allowed: list[set[str]] = [set(held["allowed_bases"]) for held in given if "allowed_bases" in held]
    rules = [held["opt_out"] for held in given if "opt_out" in held]
    return {
        "allowed_bases": sorted(set.intersection(*allowed)) if allowed else [],
        "evidence": _union(*(held.get("evidence", ()) for held in given)),
        "scope": max((rule["scope"] for rule in rules), key=SCOPES.index, default=""),
        "confirmations": min((rule["confirmations"] for rule in rules), default=None),
        "resubscribe": next((rule["resubscribe"] for rule in rules), ""),
    }


def _retention_floor(source: Source) -> dict[str, int]:
    floor: dict[str, int] = {}
    for _, pack in _packs(source):
        for record_class, days in pack.get("retention_days", {}).items():
            floor[record_class] = max(days, floor.get(record_class, 0))
    return floor


def _citations(source: Source) -> list[dict[str, Any]]:
    """Every entry of the sources.yaml of the tenant and its packs; of two with one id, the first."""
    found: dict[str, dict[str, Any]] = {}
    for folder in (*(pack.folder for pack in source.packs), source.folder):
        for file in folder.of("sources"):
            for raw in file.data or ():
                found.setdefault(raw["id"], _named(raw, "id title url date seen", ""))
    return [found[name] for name in sorted(found)]


def _organisation(source: Source) -> dict[str, Any]:
    raw: Mapping[str, Any] = source.organisation or {}
    return {
        **_named(raw, "slug display_name", ""),
        "tenants": sorted(raw.get("tenants", ())),
        "owners": {owner["name"]: owner["email"] for owner in raw.get("owners", ())},
        **_named(raw, "per_day per_30_days"),
    }


def _more(source: Source) -> Iterator[Mapping[str, Any]]:
    """Properties no list of `known` names, of the tenant, its packs and its organisation."""
    for folder in (source.folder, *(pack.folder for pack in source.packs)):
        yield from unknown_in(folder)
    yield from unknown(source.organisation, "organisation", ORGANISATIONS)
