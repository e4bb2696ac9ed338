"""Claim digest <-> approvals.yaml: an approval is of exact words, signed by an enrolled approver. Pure.

What a digest covers: the tenant, the id, every field a reviewer answers for, the texts, the slots by name, and the
sha256 of the document the claim cites. Notes, example questions and the order of lists that are sets are not part of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from compiler.diagnostics import ERROR, Diagnostic, Label
from compiler.diagnostics import codes as c
from compiler.diagnostics.suggest import did_you_mean
from compiler.source.held import Held, composed
from compiler.source.model import Claim, Source, tidy
from compiler.source.tree import Map
from schemas.bundle import canonical
from schemas.signing import keyid, pae, public_key, signature_holds

DIGEST_DOMAIN = b"convo.claim/v1\0"
APPROVAL_TYPE = "application/vnd.convo.approval+json"
SIGNED_FIELDS = ("claim", "script", "digest", "by", "role", "on", "expires", "ref", "author", "via", "key")
LIVE = "live"
SHOWN = 5  # ids named in a message about many claims


def claim_digest(tenant: str, claim: Claim, documents: Mapping[str, str]) -> str:
    """`sha256:<hex>` of everything an approver of this claim answers for, in canonical form."""
    raw = claim.raw
    normative = {
        "tenant": tenant,
        "id": claim.id,
        "kind": claim.kind,
        "texts": claim.texts,
        "slots": sorted(claim.slots),
        "when": claim.when,
        "covers": sorted(claim.covers),
        "required_with": list(claim.required_with),
        "repeat_after_days": raw.get("repeat_after_days"),
        "sources": sorted(raw["source"]),
        "document": documents.get(raw["document"], "") if "document" in raw else None,
        "channels": sorted(claim.channels),
        "audience": sorted(claim.audience),
        "options": list(raw.get("options", ())),
        **({"topic": tidy(raw["topic"])} if "topic" in raw else {}),
        "effective": claim.effective,
        "expires": claim.expires,
        "review_by": claim.review_by,
    }
    return "sha256:" + hashlib.sha256(DIGEST_DOMAIN + canonical(composed(normative))).hexdigest()


def approval_payload(tenant: str, line: Mapping[str, Any]) -> bytes:
    """What an approver signs: every field of the line but the signature, bound to the tenant, in DSSE's encoding."""
    fields = {key: line.get(key) for key in SIGNED_FIELDS}
    return pae(APPROVAL_TYPE, canonical(composed({"tenant": tenant, **fields})))


def check(source: Source, *, today: str, stage: str) -> tuple[Held, list[Diagnostic]]:
    """Which approvals hold, and what is wrong with the others. The day decides diagnostics only, never what holds."""
    digests = {c.id: claim_digest(source.slug, c, source.documents) for c in source.spoken()}
    found: list[Diagnostic] = []
    lines: dict[str, tuple[Map, ...]] = {}
    enrolled = _enrolled(source) if source.approvals else {}
    for line in source.approvals:
        faults = list(_faults(source, line, digests, enrolled))
        found += faults
        if not faults and "claim" in line:
            lines[line["claim"]] = (*lines.get(line["claim"], ()), line)
            found += _expired(line, today)
    held = Held(digests=digests, lines=lines)
    if "claims" not in source.broken and "approvals" not in source.broken:
        faulty = {line["claim"] for line in source.approvals if "claim" in line} - set(lines)
        found += _unapproved(source, held, faulty, stage)
    return held, found


def _enrolled(source: Source) -> dict[str, tuple[Map, bytes]]:
    """Approvers by the id of their key."""
    known: dict[str, tuple[Map, bytes]] = {}
    for approver in source.sections["tenant"]["approvers"] if "tenant" in source.sections else ():
        raw = public_key(approver["key"])
        known[keyid(raw)] = (approver, raw)
    return known


def _faults(
    source: Source, line: Map, digests: Mapping[str, str], enrolled: Mapping[str, tuple[Map, bytes]]
) -> Iterator[Diagnostic]:
    claim: str = line.get("claim", "")
    if claim not in digests:
        return  # the link pass has said so
    approver, key = enrolled.get(line["key"], (None, b""))
    if approver is None or approver["name"] != line["by"] or approver["role"] != line["role"]:
        names = [a["name"] for a, _ in enrolled.values()]
        message = f"{line['by']} ({line['role']}) is not enrolled with this key in tenant.yaml"
        yield c.NOT_ENROLLED.at(line.value("by"), message, help=did_you_mean(line["by"], names))
    elif not _signed(source.slug, line, key):
        message = f"the signature over the approval of `{claim}` does not hold"
        yield c.BAD_SIGNATURE.at(
            line.value("signature"), message, help="have it approved again; never edit it by hand"
        )
    elif line["digest"] != digests[claim]:
        yield c.STALE.at(
            line.value("digest"),
            f"the approval is for {line['digest'][:15]}..., but `{claim}` is now {digests[claim][:15]}...",
            labels=[Label(span=source.claims[claim].span(), text="the claim as it now stands")],
            help=f"have `{claim}` approved again as it now stands, or restore the words",
        )


def _signed(tenant: str, line: Map, key: bytes) -> bool:
    try:
        signature = base64.b64decode(line["signature"], validate=True)
    except binascii.Error:
        return False
    return signature_holds(key, signature, approval_payload(tenant, line))


def _expired(line: Map, today: str) -> Iterator[Diagnostic]:
    if line.get("expires") is not None and line["expires"] <= today:
        message = f"the approval of `{line['claim']}` ended on {line['expires']}"
        yield c.APPROVAL_EXPIRED.at(line.value("expires"), message, help="have it approved again")


def _unapproved(source: Source, held: Held, faulty: set[str], stage: str) -> Iterator[Diagnostic]:
    missing = [c.id for c in source.spoken() if not held.approved(c.id) and c.id not in faulty]
    if not missing:
        return
    named = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else "")
    yield c.UNAPPROVED.at(
        source.file("approvals"),
        f"{len(missing)} of {len(held.digests)} claims are not approved: {named}",
        help="the bundle is marked unapproved and speaks on sandbox connections only",
        severity=ERROR if stage == LIVE else None,
    )
