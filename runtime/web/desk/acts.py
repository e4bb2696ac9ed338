"""What operators do, with the reason each act needs; the doing is storage's, in one audited transaction each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from runtime.storage.desk_rows import Heading
from runtime.web.desk.gate import Visit

REASON_CHARS = (3, 400)
NO_REASON = "Write why, in a few words: it goes on the record. Nothing was changed."

OnConversation = Callable[[Visit, Heading, str], Awaitable[None]]


def reason_of(form: Mapping[str, str], name: str = "reason") -> str | None:
    """The reason given, trimmed; None when it is missing, too short or too long."""
    text = " ".join(form.get(name, "").split())
    shortest, longest = REASON_CHARS
    return text if shortest <= len(text) <= longest else None


async def take_over(visit: Visit, heading: Heading, reason: str) -> None:
    """Makes the operator the owner of the conversation."""
    await visit.deps.operations.take_over(
        visit.owner.tenant_id, heading.conversation_id, by=visit.operator.name, reason=reason, now=visit.now
    )
    woken(visit, "pages")


async def hand_back(visit: Visit, heading: Heading, reason: str) -> None:
    """Gives the conversation back to the bot."""
    await visit.deps.operations.hand_back(
        visit.owner.tenant_id, heading.conversation_id, by=visit.operator.name, reason=reason, now=visit.now
    )
    woken(visit, "turns", "sends", "pages")


async def lift_hold(visit: Visit, heading: Heading, reason: str) -> None:
    """Lifts every open hold of the person."""
    await visit.deps.operations.lift_hold(
        visit.owner.tenant_id, heading.person.contact_id, by=visit.operator.name, reason=reason, now=visit.now
    )
    woken(visit, "sends", "pages")


def woken(visit: Visit, *topics: str) -> None:
    """Hints to whoever has work now."""
    for topic in topics:
        visit.deps.wake.notify(topic)
