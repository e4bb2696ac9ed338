"""What a refusal of the WhatsApp Cloud API means for us, by its numeric code; both WhatsApp providers speak it.

Meta advises to key on `code`, never on titles or the HTTP status. A code that is not here is a refusal nobody planned for:
it is not tried again, and its number is kept for whoever looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """detail: one of our fixed words. retry: the same call may succeed later, not before `after_s`.

    ambiguous: the provider does not know itself what became of the message, if it also answered 5xx.
    """

    detail: str
    retry: bool = False
    after_s: float | None = None
    stopped: bool = False
    ambiguous: bool = False


PAIR_PACE_S = 6.0  # one message per 6 s to the same person
UPGRADE_S = 60.0  # the throughput upgrade takes up to a minute

_RATE = Fault(detail="rate", retry=True)
_KEY = Fault(detail="key")
_ACCOUNT = Fault(detail="account")
_INVALID = Fault(detail="invalid")
_TEMPLATE = Fault(detail="template")
_CAPPED = Fault(detail="capped")
_UNCLEAR = Fault(detail="provider", retry=True, ambiguous=True)

UNPLANNED = Fault(detail="provider")

FAULTS: Mapping[int, Fault] = MappingProxyType(
    {
        0: _KEY,
        3: _KEY,
        10: _KEY,
        190: _KEY,
        131005: _KEY,
        1: _UNCLEAR,
        131000: _UNCLEAR,
        2: Fault(detail="provider", retry=True),
        131016: Fault(detail="provider", retry=True),
        4: _RATE,
        80007: _RATE,
        130429: _RATE,
        131056: Fault(detail="rate", retry=True, after_s=PAIR_PACE_S),
        131057: Fault(detail="rate", retry=True, after_s=UPGRADE_S),
        33: _ACCOUNT,
        368: _ACCOUNT,
        130497: _ACCOUNT,
        131031: _ACCOUNT,
        131037: _ACCOUNT,
        131042: _ACCOUNT,
        131045: _ACCOUNT,
        131048: _ACCOUNT,
        133010: _ACCOUNT,
        131047: Fault(detail="window"),
        131026: Fault(detail="unreachable"),
        130472: _CAPPED,
        131049: _CAPPED,
        131050: Fault(detail="stopped", stopped=True),
        100: _INVALID,
        131008: _INVALID,
        131009: _INVALID,
        131021: _INVALID,
        131030: _INVALID,
        131051: _INVALID,
        132000: _TEMPLATE,
        132001: _TEMPLATE,
        132005: _TEMPLATE,
        132007: _TEMPLATE,
        132012: _TEMPLATE,
        132015: _TEMPLATE,
        132016: _TEMPLATE,
    }
)
