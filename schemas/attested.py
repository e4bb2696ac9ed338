"""What a signed drill result says: an in-toto statement about one bundle, in a DSSE envelope. Pure: bytes in, a verdict out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.bundle import canonical
from schemas.refusals import NOT_DRILLED, NOT_SIGNED, OTHER_BYTES, OTHER_TENANT
from schemas.signing import STATEMENT_TYPE, SignatureRefused, verified_payload

PREDICATE_TYPE = "convo/drill/v1"
ATTACK = "attack"
FEWEST_ATTACKS = 105  # of a full suite; the database asks for as many
SHA256 = "sha256:"
CLOCKS_DIFFER = timedelta(minutes=5)  # between who plays and who keeps; the database allows as much


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """A full suite over exactly one bundle: how many attacks and twins were tried, how many of them failed.

    `digest` is the bundle's, `suite` that of what was played (`sha256:<hex>`); `played_at` is an aware ISO time.
    """

    kind: str
    tenant: str
    digest: str
    suite: str
    seed: int
    attacks: int
    twins: int
    failed: int
    rungs: tuple[str, ...]
    tool: str
    played_at: str

    @property
    def holds(self) -> bool:
        """Everything was tried, and nothing failed."""
        return not self.failed and self.attacks >= FEWEST_ATTACKS and self.twins > 0


def statement(result: DrillResult) -> bytes:
    """The payload that is signed."""
    said = asdict(result)
    subject = {"name": said.pop("tenant"), "digest": {"sha256": said.pop("digest").removeprefix(SHA256)}}
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [subject],
            "predicateType": PREDICATE_TYPE,
            "predicate": {**said, "rungs": list(result.rungs)},
        }
    )


def verify_result(envelope: bytes, *, tenant: str, digest: str, trusted: Mapping[str, bytes]) -> DrillResult:
    """What trusted keys say was played against this tenant's bundle. Raises SignatureRefused with the reason."""
    if not trusted:
        raise SignatureRefused(NOT_SIGNED.says("no key is trusted here, so no drill result can be checked"))
    payload, signers = verified_payload(envelope, trusted)
    if not signers:
        raise SignatureRefused(NOT_SIGNED.says("no trusted key has signed the drill result"))
    result = _read(payload)
    if result.tenant != tenant:
        raise SignatureRefused(
            OTHER_TENANT.says(f"the drill result is about {result.tenant!r}, not {tenant!r}")
        )
    if result.digest != digest:
        other = f"the drill result is about {result.digest}, not {digest}"
        raise SignatureRefused(OTHER_BYTES.says(other))
    return result


def not_of_the_future(result: DrillResult, now: datetime) -> DrillResult:
    """The result; SignatureRefused when it says that it was played after `now`: no later miss would ever count."""
    if datetime.fromisoformat(result.played_at) > now + CLOCKS_DIFFER:
        late = f"the drill result says it was played at {result.played_at}, which has not come yet"
        raise SignatureRefused(NOT_DRILLED.says(late))
    return result


def withstood(
    envelopes: Sequence[bytes], *, tenant: str, digest: str, trusted: Mapping[str, bytes]
) -> DrillResult:
    """The first result that trusted keys signed and that holds for this bundle. Raises SignatureRefused with why none does.

    Which of several counts is for whoever received them to say; that one of them is real, nobody has to be believed for.
    """
    refusals: dict[str, None] = {}  # in order, each reason once
    for one in envelopes:
        try:
            result = verify_result(one, tenant=tenant, digest=digest, trusted=trusted)
        except SignatureRefused as refusal:
            refusals[str(refusal)] = None
            continue
        if result.holds:
            return result
        refusals["the signed result is not of a whole suite without a miss"] = None
    why = "; ".join(refusals) or "none was kept"
    raise SignatureRefused(
        NOT_DRILLED.says(f"no signed result says that it withstood the whole attack suite ({why})")
    )


def _read(payload: bytes) -> DrillResult:
    try:
        document: Any = json.loads(payload)
        (subject,) = document["subject"]
        if (document["_type"], document["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise ValueError("another kind of statement")
        said = document["predicate"]
        result = DrillResult(
            tenant=subject["name"],
            digest=SHA256 + subject["digest"]["sha256"],
            **{**said, "rungs": tuple(said["rungs"])},
        )
        numbers = (result.seed, result.attacks, result.twins, result.failed)
        if any(type(n) is not int or n < 0 for n in numbers) or result.kind != ATTACK:
            raise ValueError("counts are whole numbers of an attack")
        if datetime.fromisoformat(result.played_at).tzinfo is None:
            raise ValueError("a time without a zone")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SignatureRefused(NOT_SIGNED.says("the signed statement is about something else")) from error
    return result
