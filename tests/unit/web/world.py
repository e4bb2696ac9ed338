"""A small world for the web's tests: one tenant with a number and a chat, and in-memory ports that keep their promises."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

import httpx2
from starlette.applications import Starlette

from runtime.channels import channels
from runtime.errors import BundleMissing, Overloaded, SecretMissing
from runtime.messages import Arrival, InboundMessage, Malformed, StatusUpdate, Stored
from runtime.ports import DatabaseDown, Route, WebLine
from runtime.web.deps import Deps, TenantState
from runtime.web.site import build
from schemas.bundle import Bundle, Connection, Lines, OptOutWords, Persona, Policy, Tenant

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32
HOOK_SECRET = "example-hook-secret"
POISON = "POISON"

PHONE = Connection(
    id="dave-wa-sandbox",
    channel="whatsapp_360dialog",
    stage="sandbox",
    address="+447700900001",
    base_url="http://127.0.0.1:9",
    signature="header_secret",
    secrets={"webhook": "secret:D360_HOOK", "api": "secret:D360_KEY"},
    options={},
    origins=(),
    outreach=True,
)
CHAT = replace(
    PHONE,
    id="dave-web-sandbox",
    channel="webchat",
    address="web",
    base_url="",
    signature="none",
    secrets={},
    origins=("https://dave.example",),
    outreach=False,
)


class SetClock:
    """A clock that stands until it is set; its monotonic side is real."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class MemoryRoutes:
    """Connections of one tenant. `away` makes every look-up fail as a lost database does."""

    def __init__(self, bundle: Bundle, *connections: Connection) -> None:
        self.away = False
        self._bundle = bundle
        self._routes = {
            c.id: Route(tenant_id=1, tenant=bundle.tenant.slug, connection=c, digest=bundle.digest)
            for c in connections
        }

    async def route(self, connection_id: str) -> Route | None:
        if self.away:
            raise DatabaseDown
        return self._routes.get(connection_id)

    def bundle(self, digest: str) -> Bundle:
        if digest != self._bundle.digest:
            raise BundleMissing
        return self._bundle


class MemorySecrets:
    """Secrets by reference."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    async def get(self, tenant_id: int, reference: str) -> str:
        try:
            return self._values[reference]
        except KeyError:
            raise SecretMissing from None


class MemoryWake:
    """Hints inside one event loop."""

    def __init__(self) -> None:
        self.hinted: list[str] = []
        self._events: dict[str, asyncio.Event] = {}

    def notify(self, topic: str) -> None:
        self.hinted.append(topic)
        self._event(topic).set()

    async def wait(self, topic: str, timeout_s: float) -> bool:
        event = self._event(topic)
        try:
            await asyncio.wait_for(event.wait(), timeout_s)
        except TimeoutError:
            return False
        event.clear()
        return True

    def _event(self, topic: str) -> asyncio.Event:
        return self._events.setdefault(topic, asyncio.Event())


@dataclass(slots=True)
class Conversation:
    """One person's conversation on one connection, as the store keeps it."""

    id: UUID
    seen: dict[str, int] = field(default_factory=dict)
    lines: list[WebLine] = field(default_factory=list)
    done_seq: int = 0


class MemoryIngest:
    """The store as web sees it: de-duplicates, numbers, refuses poison by itself, fails at once when it is away."""

    def __init__(self) -> None:
        self.stored: list[Arrival] = []
        self.away = False
        self.full = False
        self.calls = 0
        self.talks: dict[tuple[int, str, str], Conversation] = {}
        self._known: set[tuple[int, str, str]] = set()

    async def store(self, arrivals: Sequence[Arrival], *, now: datetime) -> Sequence[Stored]:
        self.calls += 1
        if self.away:
            raise DatabaseDown
        if self.full:
            raise Overloaded
        return [self._one(arrival, now) for arrival in arrivals]

    async def visitor_lines(
        self, tenant_id: int, connection_id: str, visitor: str, *, after: int
    ) -> Sequence[WebLine]:
        if self.away:
            raise DatabaseDown
        talk = self.talks.get((tenant_id, connection_id, visitor))
        return [line for line in talk.lines if line.position > after] if talk else []

    async def answering(self, tenant_id: int, connection_id: str, visitor: str) -> bool:
        if self.away:
            raise DatabaseDown
        talk = self.talks.get((tenant_id, connection_id, visitor))
        return talk is not None and talk.done_seq < len(talk.seen)

    def reply(
        self,
        visitor: str,
        text: str,
        *,
        options: tuple[str, ...] = (),
        claims: tuple[str, ...] = (),
        author: Literal["bot", "person"] = "bot",
    ) -> None:
        """What worker and sender do to a conversation: the reply is visible, its messages are done."""
        talk = self.talks[(1, CHAT.id, visitor)]
        talk.lines.append(
            WebLine(
                position=len(talk.lines) + 1,
                ours=True,
                text=text,
                at=NOW + timedelta(seconds=1),
                client_id=None,
                options=options,
                claims=claims,
                author=author,
            )
        )
        talk.done_seq = len(talk.seen)

    def _one(self, arrival: Arrival, now: datetime) -> Stored:
        event = arrival.event
        if isinstance(event, Malformed):
            return Stored(outcome="rejected", reason=event.reason)
        kind = event.status if isinstance(event, StatusUpdate) else type(event).__name__
        key = (arrival.tenant_id, arrival.connection_id, f"{kind}.{event.provider_id}")
        if not isinstance(event, InboundMessage):
            if key in self._known:
                return Stored(outcome="duplicate")
            self._known.add(key)
            self.stored.append(arrival)
            return Stored(outcome="stored")
        if POISON in event.text:
            return Stored(outcome="rejected", reason="cannot be stored")
        person = (arrival.tenant_id, arrival.connection_id, event.sender.value)
        talk = self.talks.setdefault(
            person, Conversation(id=uuid5(NAMESPACE_URL, "/".join(map(str, person))))
        )
        if event.provider_id in talk.seen:
            return Stored(outcome="duplicate", conversation_id=talk.id, seq=talk.seen[event.provider_id])
        seq = talk.seen[event.provider_id] = len(talk.seen) + 1
        talk.lines.append(
            WebLine(
                position=len(talk.lines) + 1, ours=False, text=event.text, at=now, client_id=event.provider_id
            )
        )
        self.stored.append(arrival)
        return Stored(outcome="stored", conversation_id=talk.id, seq=seq)


class MemoryReadiness:
    """What /readyz is told."""

    def __init__(self, *tenants: TenantState, database: bool = True) -> None:
        self._tenants = tenants
        self._database = database

    async def database(self) -> bool:
        return self._database

    def tenants(self) -> Sequence[TenantState]:
        return self._tenants


@dataclass(slots=True)
class World:
    """Everything a test may look at or change."""

    clock: SetClock
    routes: MemoryRoutes
    ingest: MemoryIngest
    wake: MemoryWake
    app: Starlette

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """A caller of the application, without a network."""
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app), base_url="http://convo.example", headers=headers
        )


def world(
    *connections: Connection,
    bundle: Bundle | None = None,
    secrets: Mapping[str, str] | None = None,
    readiness: MemoryReadiness | None = None,
    failures_per_minute: int = 100,
    clock_shifted: bool = True,
) -> World:
    """A web process over memory, with the phone and the chat of EXAMPLE Dave unless told otherwise."""
    bundle = bundle or a_bundle()
    routes = MemoryRoutes(bundle, *(connections or (PHONE, CHAT)))
    ingest, wake, clock = MemoryIngest(), MemoryWake(), SetClock()
    deps = Deps(
        clock=clock,
        routes=routes,
        ingest=ingest,
        secrets=MemorySecrets({"secret:D360_HOOK": HOOK_SECRET} if secrets is None else secrets),
        wake=wake,
        channels=channels(httpx2.AsyncClient()),
        readiness=readiness or MemoryReadiness(TenantState(tenant="example-dave", digest=DIGEST, serial=1)),
        dev=True,
        clock_shifted=clock_shifted,
        failures_per_minute=failures_per_minute,
    )
    return World(clock=clock, routes=routes, ingest=ingest, wake=wake, app=build(deps))


def a_bundle() -> Bundle:
    """EXAMPLE Dave: enough of a tenant for web, which reads its name, colours, time zone and opt-out words."""
    return Bundle(
        digest=DIGEST,
        unapproved=True,
        tenant=Tenant(
            slug="example-dave",
            display_name="EXAMPLE Dave",
            organisation="example-group",
            legal_entity="EXAMPLE Dave Ltd",
            nation="england",
            timezone="Europe/London",
            language="en-GB",
            packs=(),
            values={"privacy_url": "https://dave.example/privacy"},
            example=True,
            accent={"light": "#1f56b3", "dark": "#93b8ff"},
            hours_text="9am to 8pm",
            retention_days={},
        ),
        persona=Persona(
            name="dave",
            display_name="Dave",
            languages=("en-GB",),
            max_chars=600,
            opening=(),
            phrases=(),
            preset="fast",
            prompt="",
            topic="car finance",
        ),
        claims={},
        prohibited=(),
        categories=(),
        opt_out={
            "en": OptOutWords(
                exact=("stop",), contains=("leave me alone",), unless=(), stop_all=("stop all",)
            )
        },
        handoff_words=("human",),
        lines=Lines(
            opt_out_confirmation="",
            holding="",
            handoff="",
            fallback="",
            no_answer="",
            clarify="",
            off_hours=None,
        ),
        links={},
        connections={PHONE.id: PHONE, CHAT.id: CHAT},
        policy=Policy(
            timezone="Europe/London",
            open_minute=540,
            close_minute=1200,
            quiet_weekdays=(),
            quiet_dates=(),
            proactive_per_day=1,
            proactive_per_30_days=4,
            min_gap_hours=24,
            strikes=3,
            consent_max_age_days=180,
            window_hours=24,
            spend_pence_per_day=1000,
            spend_pence_per_contact_per_day=100,
        ),
        send_table=(),
        guardrails=(),
        quick_replies=(),
        campaigns={},
        escalation={},
    )


def whatsapp(
    *messages: Mapping[str, object], statuses: Sequence[Mapping[str, object]] = ()
) -> dict[str, object]:
    """A webhook of Meta's shape from Sam Example, a fictional person."""
    return {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": "1",
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {"display_phone_number": "447700900001", "phone_number_id": "4242"},
                            "contacts": [{"wa_id": "447700900123", "profile": {"name": "Sam Example"}}],
                            "messages": list(messages),
                            "statuses": list(statuses),
                        },
                    }
                ],
            }
        ],
    }


def said(text: str, id: str = "wamid.EXAMPLE1", at: str = "1795516200") -> dict[str, object]:
    """One text message from Sam Example."""
    return {"from": "447700900123", "id": id, "timestamp": at, "type": "text", "text": {"body": text}}
