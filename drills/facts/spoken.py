"""Where sentences come from: reports of drills that were kept, or the log of a deployment, each with its bundle."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drills.facts.trace import CHECKED
from drills.reports import Report
from runtime.console import Console
from runtime.errors import BundleMissing
from runtime.messages import Sentence
from runtime.storage.bundles import PgBundles
from runtime.storage.desk import PgDesk
from runtime.storage.desk_rows import Conversation
from schemas.bundle import Bundle

ROLE = "facts drill"  # what the record says of who looked
OWN = "bot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One sentence of ours: where and when it was said, the bundle it was composed from, own words that a checker allowed."""

    where: str
    at: datetime
    sentence: Sentence
    bundle: Bundle | None
    vouched: tuple[str, ...] = ()


def of_report(report: Report, bundle: Bundle) -> Iterator[Spoken]:
    """Every sentence of ours in a report of a drill; judged by `bundle`, whatever the report was played with."""
    for row in report.rows:
        for said in row.transcript:
            if said.who == OWN:
                allowed = said.claims == (CHECKED,)
                claim = said.claims[0] if said.claims and not allowed else None
                sentence = Sentence(text=said.text, claim=claim, variant=None, digest=None)
                vouched = (said.text,) if allowed else ()
                yield Spoken(where=row.id, at=said.at, sentence=sentence, bundle=bundle, vouched=vouched)


async def of_log(console: Console, tenant: str, *, by: str) -> AsyncIterator[Spoken]:
    """Every sentence of the bot's in the latest hundred conversations of a tenant. Each look is recorded under `by`'s name.

    Raises TenantUnknown, DatabaseDown. No word of a person is read.
    """
    owner = await console.tenants.by_slug(tenant)
    desk = PgDesk(console.desk, console.tenants)
    bundles = _Bundles(PgBundles(console.owner, console.tenants), owner.tenant_id)
    for summary in await desk.conversations(owner.tenant_id):
        await desk.look(owner.tenant_id, summary.conversation_id, by=by, role=ROLE, now=console.clock.now())
        conversation = await desk.conversation(owner.tenant_id, summary.conversation_id)
        if conversation is not None:
            for spoken in await _of(conversation, bundles):
                yield spoken


class _Bundles:
    """Bundles by digest, fetched once."""

    def __init__(self, store: PgBundles, tenant_id: int) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._known: dict[str, Bundle | None] = {}

    async def get(self, digest: str) -> Bundle | None:
        if digest not in self._known:
            try:
                data, _ = await self._store.fetch(self._tenant_id, digest)
                self._known[digest] = Bundle.decode(data)
            except BundleMissing:
                self._known[digest] = None
        return self._known[digest]


async def _of(conversation: Conversation, bundles: _Bundles) -> Sequence[Spoken]:
    vouched = _vouched(conversation)
    return [
        Spoken(
            where=str(conversation.heading.conversation_id),
            at=row.sending_at or row.created_at,
            sentence=sentence,
            bundle=await bundles.get(row.bundle),
            vouched=vouched,
        )
        for row in conversation.sends
        if row.author == OWN
        for sentence in row.sentences
    ]


def _vouched(conversation: Conversation) -> tuple[str, ...]:
    """Own words that a checker allowed, as the record of the turns holds them."""
    checked: Iterator[Mapping[str, object]] = (
        row for entry in conversation.record for row in entry.body.get("checked", ())
    )
    return tuple(str(row["say"]) for row in checked if row.get("allowed") is True)
