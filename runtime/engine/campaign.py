"""A campaign message: approved claims alone, rendered and reviewed like a reply, started by us."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime
from uuid import UUID

from runtime.engine.render import Unsayable, render
from runtime.engine.review import blocked, review
from runtime.engine.scene import reply_language, scene_of
from runtime.messages import Lease, Send, SendClass, State, Turn, Verdict
from schemas.bundle import Bundle, Campaign

_NOBODY = UUID(int=0)


def campaign_send(
    campaign: Campaign,
    bundle: Bundle,
    *,
    now: datetime,
    channel: str,
    language: str,
    sandbox: bool,
    withdrawn: Set[str],
    slots: Mapping[str, str],
    contact_id: UUID = _NOBODY,
) -> Send | None:
    """One Send of class proactive, or None when any of it may not be said here and now."""
    spoken = reply_language(bundle, language)
    turn = Turn(
        tenant_id=0,
        conversation_id=_NOBODY,
        contact_id=contact_id,
        lease=Lease(tenant_id=0, conversation_id=_NOBODY, fence=0, attempts=0, until=now),
        connection_id="",
        channel=channel,
        sandbox=sandbox,
        pinned=bundle,
        active=bundle,
        withdrawn=frozenset(withdrawn),
        pending=(),
        history=(),
        shown={},
        answers={},
        slots=slots,
        counts={},
        language=spoken,
        opted_out_at=None,
        holds=(),
        human_owner=None,
        open_cases=(),
        asked=None,
        now=now,
    )
    scene = scene_of(turn, Verdict(signals=(), stop=None, language=spoken))
    moves = tuple(State(id=claim_id) for claim_id in campaign.claims)
    try:
        parts = render(moves, scene, opening=False)
    except Unsayable:
        return None
    if len(parts) != 1 or blocked(review(scene.reply(parts, send_class=SendClass.PROACTIVE, effects=()))):
        return None
    return Send(
        part=1,
        send_class=SendClass.PROACTIVE,
        sentences=parts[0].sentences,
        template=campaign.template,
        campaign=campaign.id,
    )
