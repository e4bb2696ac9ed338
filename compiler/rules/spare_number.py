"""A tenant starts conversations on WhatsApp with fewer than two numbers.

A number can be blocked, downgraded or lost with the account it hangs on, and people who were written to could then be neither
answered nor told. Whoever starts conversations has a second live number of the official API ready. It is for faults of the
number alone, never a way round a limit: replies stay on the number the person wrote to. WAHA numbers do not count, since no
conversation may be started from one.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic
from compiler.source import golive
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5052",
    name="one-number",
    summary="fewer than two live WhatsApp numbers for outreach (a warning for staging)",
    explanation=__doc__,
    bad="(one connection of stage live, with `outreach: true`)",
    good="(two connections of stage live, each with a number of its own)",
)
NEEDS = frozenset({"channels"})

OFFICIAL = "whatsapp_360dialog"
ENOUGH = 2


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = golive.severity(context)
    outreach = [c for c in source.connections if c.outreach and c.channel == OFFICIAL]
    numbers = {
        "".join(c.address.split()) for c in source.connections if c.channel == OFFICIAL and c.stage == "live"
    }
    if severity is not None and outreach and len(numbers) < ENOUGH:
        have = "only one live WhatsApp number" if numbers else "no live WhatsApp number"
        yield CODE.at(
            outreach[0].span("outreach"),
            f"`{outreach[0].id}` starts conversations, but the tenant has {have}",
            help="add a second connection of stage live with a number of its own",
            severity=severity,
        )
