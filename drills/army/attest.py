"""From a report to a signed result: what was played against exactly which bundle, and how much of it failed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from compiler.write import SigningKey
from drills.army.values import RUNGS, TWIN
from drills.reports import Report
from schemas.attested import ATTACK, DrillResult, statement
from schemas.signing import PAYLOAD_TYPE, envelope, pae

ENDING = ".dsse.json"


class NotWhole(Exception):
    """Only a whole suite on every rung, played by script, is signed; the message says what was left out."""


def result_of(report: Report) -> DrillResult:
    """The figures of a report. An attack is one conversation, on however many rungs it was played."""
    tried = {row.id.rpartition("@")[0]: row.strategy == TWIN for row in report.rows}
    failed = {row.id.rpartition("@")[0] for row in report.missed}
    return DrillResult(
        kind=ATTACK,
        tenant=report.tenant,
        digest=report.digest,
        suite=report.notes["suite"],
        seed=report.seed,
        attacks=sum(not twin for twin in tried.values()),
        twins=sum(tried.values()),
        failed=len(failed),
        rungs=RUNGS,
        tool=f"convo {tool_version()}",
        played_at=report.played_at.isoformat(),
    )


def signed(result: DrillResult, key: SigningKey) -> bytes:
    """The DSSE envelope over the result."""
    payload = statement(result)
    return envelope(PAYLOAD_TYPE, payload, [(key.keyid, key.sign(pae(PAYLOAD_TYPE, payload)))])


def kept_at(folder: Path, tenant: str) -> Path:
    """Where the envelope of a tenant's last whole run is kept."""
    return folder / f"{ATTACK}-{tenant}{ENDING}"


def tool_version() -> str:
    try:
        return version("convo-engine")
    except PackageNotFoundError:
        return "unpackaged"
