"""One conversation: its record, why it is as it is, and what a person may do about it. Opening it is recorded."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from starlette.responses import RedirectResponse, Response

from runtime.errors import BundleMissing, BundleRefused, ConvoError
from runtime.messages import Finding
from runtime.storage.desk_rows import CaseRow, Conversation, HoldRow
from runtime.web import pages
from runtime.web.desk import acts, words
from runtime.web.desk import why as explained
from runtime.web.desk.conversations import Tag
from runtime.web.desk.frame import show
from runtime.web.desk.gate import Visit
from runtime.web.desk.timeline import Item, claims_of, timeline
from schemas.bundle import Bundle

LOOK_AGAIN = timedelta(
    minutes=15
)  # a page kept open is one look; a part fetched later without the page is another
LOOKS_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of the context: a label and its words."""

    label: str
    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHold:
    """A hold that is in force."""

    words: str
    since: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """A case of this conversation that is open."""

    ref: str
    words: str
    due: str
    close: str  # where its closing is posted to


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What an operator wrote, and what review noticed about it. Nothing of it is kept but on their page."""

    text: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Where an operator writes to the person."""

    say: str
    typing: str
    text: str
    findings: tuple[Finding, ...]
    sure: bool  # something was noticed: they have to say that they stand by it
    overrule: bool  # something blocks it, and this operator may overrule that with a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The context of desk/conversation.html."""

    who: str
    bot: str
    tags: tuple[Tag, ...]
    id: str
    day: str
    zone: str
    bundle: str
    serial: str
    looking: str
    items: tuple[Item, ...]
    earlier: bool  # there is more than is shown
    why: explained.Why | None
    why_url: str  # `<this page>&why=`; the sentence is added
    close_url: str
    record_note: str
    facts: tuple[Fact, ...]
    told: tuple[str, ...]
    holds: tuple[OpenHold, ...]
    cases: tuple[OpenCase, ...]
    owner: str | None
    stopped: bool
    take_over: str | None
    hand_back: str | None
    lift: str | None
    composer: Composer | None
    fault: str


class Looks:
    """Which looks this process has recorded lately, so that a live page is one entry and not one a second."""

    def __init__(self) -> None:
        self._at: OrderedDict[tuple[str, UUID], tuple[datetime, int]] = OrderedDict()

    async def recorded(self, visit: Visit, tenant_id: int, conversation: UUID) -> int | None:
        """The number of the entry that holds this look; None when this tenant has no such conversation."""
        key = (visit.session, conversation)
        known = self._at.get(key)
        if (
            known is not None
            and (visit.partial or "why" in visit.request.query_params)
            and visit.now - known[0] < LOOK_AGAIN
        ):
            return known[1]
        n = await visit.deps.desk.look(
            tenant_id, conversation, by=visit.operator.name, role=visit.operator.role, now=visit.now
        )
        if n is not None:
            self._at[key] = (visit.now, n)
            while len(self._at) > LOOKS_KEPT:
                self._at.popitem(last=False)
        return n


@dataclass(frozen=True, slots=True)
class ConversationPages:
    """The handlers of one conversation."""

    looks: Looks

    async def show(
        self, visit: Visit, *, fault: str = "", status: int = 200, written: Written | None = None
    ) -> Response:
        """The page. Without a tenant in the address it is looked for among all that this session may see."""
        conversation_id: UUID = visit.request.path_params["conversation"]
        if "tenant" not in visit.request.query_params:
            return await _find(visit, conversation_id)
        look = await self.looks.recorded(visit, visit.owner.tenant_id, conversation_id)
        found = await visit.deps.desk.conversation(visit.owner.tenant_id, conversation_id) if look else None
        if look is None or found is None:
            return pages.plain_error(visit.request, 404, "There is no such page.")
        page = await _page(visit, found, look, fault=fault, written=written or Written())
        title = f"{page.who}"
        return await show(
            visit, "desk/conversation.html", page, title=title, current="/conversations", status=status
        )

    async def take_over(self, visit: Visit) -> Response:
        """The bot falls silent in this conversation."""
        return await self._act(visit, "taken", acts.take_over)

    async def hand_back(self, visit: Visit) -> Response:
        """The bot answers again."""
        return await self._act(visit, "handed", acts.hand_back)

    async def lift_hold(self, visit: Visit) -> Response:
        """What we start may reach this person again."""
        return await self._act(visit, "lifted", acts.lift_hold)

    async def _act(self, visit: Visit, done: str, act: acts.OnConversation) -> Response:
        conversation_id: UUID = visit.request.path_params["conversation"]
        reason = acts.reason_of(visit.form)
        if reason is None:
            return await self.show(visit, fault=acts.NO_REASON, status=422)
        found = await visit.deps.desk.conversation(visit.owner.tenant_id, conversation_id)
        if found is None:
            return pages.plain_error(visit.request, 404, "There is no such page.")
        try:
            await act(visit, found.heading, reason)
        except ConvoError as error:
            return await self.show(visit, fault=str(error), status=409)
        return visit.back(f"/conversations/{conversation_id}", done)


async def _find(visit: Visit, conversation_id: UUID) -> Response:
    for owner in visit.owners:
        if await visit.deps.desk.has(owner.tenant_id, conversation_id):
            return RedirectResponse(f"{visit.request.url.path}?tenant={owner.slug}", status_code=303)
    return pages.plain_error(visit.request, 404, "There is no such page.")


async def _page(visit: Visit, found: Conversation, look: int, *, fault: str, written: Written) -> Page:
    heading, zone, now = found.heading, visit.zone, visit.bundle
    here = visit.url(f"/conversations/{heading.conversation_id}")
    ref = visit.request.query_params.get("why")
    sentence = explained.sentence_of(found, ref) if ref else None
    serial = await _serial(visit)
    why = None
    if sentence is not None:
        why = explained.why(
            found,
            *sentence,
            then=await _bundle(visit, sentence[0].bundle),
            now=now,
            serial=serial,
            today=visit.now.astimezone(zone).date(),
            zone=zone,
        )
    path = f"/conversations/{heading.conversation_id}"
    open_holds = [hold for hold in found.holds if hold.cleared_at is None]
    open_cases = [case for case in found.cases if case.state == "open"]
    with_person = heading.human_owner is not None or heading.stopped
    return Page(
        who=words.who(heading.person),
        bot=words.bot(now),
        tags=tuple(_tags(found, open_holds)),
        id=str(heading.conversation_id),
        day=words.day_of(heading.created_at, zone),
        zone=words.zone_name(zone),
        bundle=now.digest if now else "",
        serial=f"serial {serial}" if serial is not None else "",
        looking=f"You looking at this page is entry {look} of the desk’s record.",
        items=timeline(found, now, zone, why=ref if why else None),
        earlier=found.earlier,
        why=why,
        why_url=f"{here}&why=",
        close_url=here,
        record_note=f"{words.many(heading.entries, 'entry', 'entries')}, head {heading.head[:4]}…{heading.head[-4:]}",
        facts=tuple(_facts(visit, found)),
        told=claims_of(found.sends),
        holds=tuple(
            OpenHold(words=words.plain(h.category), since=words.when(h.set_at, zone), by=h.set_by)
            for h in open_holds
        ),
        cases=tuple(_case(visit, case) for case in open_cases),
        owner=heading.human_owner,
        stopped=heading.stopped,
        take_over=visit.url(f"{path}/take-over")
        if visit.may("take_over") and not heading.human_owner
        else None,
        hand_back=visit.url(f"{path}/hand-back") if visit.may("hand_back") and with_person else None,
        lift=visit.url(f"{path}/lift-hold") if visit.may("lift_hold") and open_holds else None,
        composer=_composer(visit, path, written) if visit.may("write") and now else None,
        fault=fault,
    )


def _composer(visit: Visit, path: str, written: Written) -> Composer:
    severities = {finding.severity for finding in written.findings}
    return Composer(
        say=visit.url(f"{path}/say"),
        typing=visit.url(f"{path}/typing"),
        text=written.text,
        findings=tuple(sorted(written.findings, key=lambda finding: finding.severity != "block")),
        sure="warn" in severities and "block" not in severities,
        overrule="block" in severities and visit.may("overrule"),
    )


async def _bundle(visit: Visit, digest: str) -> Bundle | None:
    """The bundle a message was composed from; None when it cannot be had."""
    try:
        return await visit.deps.bundles.pinned(visit.owner.tenant_id, digest)
    except (BundleMissing, BundleRefused):
        return None


async def _serial(visit: Visit) -> int | None:
    """The serial of the pointer that is in force here."""
    pointers = (await visit.deps.desk.bundled(visit.owner.tenant_id)).pointers
    return max((p.serial for p in pointers if p.stage == visit.deps.stage), default=None)


def _tags(found: Conversation, holds: list[HoldRow]) -> list[Tag]:
    heading = found.heading
    tags = [Tag(text=words.channel(heading.channel))]
    if heading.opted_out_at:
        tags.append(Tag(text="Opted out", tone="hold"))
    tags += [Tag(text=f"Held: {words.plain(hold.category)}", tone="hold") for hold in holds]
    if heading.human_owner:
        tags.append(Tag(text=f"With {heading.human_owner}", tone="own"))
    elif heading.stopped:
        tags.append(Tag(text="Needs a person", tone="danger"))
    return tags


def _facts(visit: Visit, found: Conversation) -> list[Fact]:
    heading, zone = found.heading, visit.zone
    facts = [Fact(label="Reaches us on", text=f"{words.channel(heading.channel)}, {heading.connection_id}")]
    if heading.opted_out_at:
        reach = (
            "every brand of the organisation"
            if heading.opt_out_scope == "organisation"
            else "every channel of this brand"
        )
        facts.append(
            Fact(label="Opted out", text=f"{words.when(heading.opted_out_at, zone)}, {reach}", tone="hold")
        )
    granted = [c for c in found.consents if c.kind != "withdrawn"]
    if granted:
        last = granted[-1]
        text = f"{words.when(last.at, zone)}, {words.plain(last.source)}: {words.plain(last.purpose)} by {last.channel}"
        facts.append(Fact(label="Agreed", text=text))
    else:
        facts.append(Fact(label="Agreed", text="Nothing. We answer, and start nothing."))
    if heading.struck_out_at:
        facts.append(
            Fact(label="Three strikes", text=f"since {words.when(heading.struck_out_at, zone)}", tone="hold")
        )
    if heading.language:
        facts.append(Fact(label="Speaks", text=heading.language))
    if heading.pinned:
        facts.append(Fact(label="Began with", text=f"bundle {words.short(heading.pinned)}"))
    if heading.erased_at:
        facts.append(Fact(label="Erased", text=words.when(heading.erased_at, zone), tone="hold"))
    return facts


def _case(visit: Visit, case: CaseRow) -> OpenCase:
    due = f"due {words.when(case.due_at, visit.zone)}" if case.due_at else "no clock"
    return OpenCase(
        ref=case.ref,
        words=words.case(case.kind),
        due=due,
        close=visit.url(f"/cases/{case.id}/close") if visit.may("close_case") else "",
    )
