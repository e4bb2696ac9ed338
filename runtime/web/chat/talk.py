"""What the chat page shows, as plain values: the same for the template, the JSON and the stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from runtime.channels.webchat import client_id
from runtime.ports import Route, WebLine
from schemas.bundle import Bundle

ASK_FOR_A_PERSON = "HUMAN"
PRIVACY_VALUE = "privacy_url"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """One line. `id` is the page's own id of a message it sent; `claims` are only named in a sandbox."""

    position: int
    ours: bool
    text: str
    at: str
    id: str | None
    options: tuple[str, ...]
    claims: tuple[str, ...]
    author: str  # of a line of ours: bot | person


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPage:
    """The context of chat/page.html."""

    connection: str
    tenant: str
    title: str
    bot: str
    lang: str
    lines: tuple[ShownLine, ...]
    answering: bool
    by_person: bool  # our newest line is a person's: the page then does not say that a machine answers
    sandbox: bool
    clock: str | None
    now: str
    timezone: str
    privacy: str | None
    new_id: str
    draft: str
    fault: str | None
    accent: str
    human: str = ASK_FOR_A_PERSON


def shown(lines: Sequence[WebLine], *, visitor: str, sandbox: bool) -> tuple[ShownLine, ...]:
    """The visitor's lines as they may see them."""
    return tuple(
        ShownLine(
            position=line.position,
            ours=line.ours,
            text=line.text,
            at=line.at.isoformat(),
            id=None if line.ours else client_id(visitor, line.client_id),
            options=line.options,
            claims=line.claims if sandbox else (),
            author=line.author,
        )
        for line in lines
    )


def update(lines: tuple[ShownLine, ...], *, answering: bool, now: datetime) -> dict[str, Any]:
    """What the page's script is told: new lines, whether a reply is being made, and the time here."""
    return {"lines": [asdict(line) for line in lines], "answering": answering, "now": now.isoformat()}


def page(
    route: Route,
    bundle: Bundle,
    lines: tuple[ShownLine, ...],
    *,
    answering: bool,
    now: datetime,
    show_clock: bool,
    new_id: str,
    draft: str = "",
    fault: str | None = None,
) -> ChatPage:
    """Everything the template needs."""
    tenant = bundle.tenant
    sandbox = route.connection.stage == "sandbox"
    privacy = tenant.values.get(PRIVACY_VALUE, "")
    return ChatPage(
        connection=route.connection.id,
        tenant=tenant.slug,
        title=tenant.display_name,
        bot=bundle.persona.display_name,
        lang=tenant.language,
        lines=lines,
        answering=answering,
        by_person=next((line.author == "person" for line in reversed(lines) if line.ours), False),
        sandbox=sandbox,
        clock=_clock(now, tenant.timezone) if sandbox and show_clock else None,
        now=now.isoformat(),
        timezone=tenant.timezone,
        privacy=privacy if privacy.startswith(("https://", "http://")) else None,
        new_id=new_id,
        draft=draft,
        fault=fault,
        accent=f"/chat/{route.connection.id}/accent.css?v={route.digest[-12:]}",
    )


def _clock(now: datetime, timezone: str) -> str:
    local = now.astimezone(ZoneInfo(timezone))
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
