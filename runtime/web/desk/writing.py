"""Writing to a person from the desk: while somebody types the bot is quiet; what they send is reviewed, and takes over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from starlette.responses import Response

from runtime.engine.review import review_text
from runtime.errors import ConvoError
from runtime.messages import Finding, Send, SendClass, Sentence
from runtime.storage.desk_rows import Conversation
from runtime.web import pages
from runtime.web.desk import acts
from runtime.web.desk.conversation import ConversationPages, Written
from runtime.web.desk.gate import Visit
from schemas.bundle import Bundle

TYPING_S = 30  # the bot is quiet so long after the last key; the page says it again every ten seconds
MAX_CHARS = 4_000
NO_WORDS = f"Write something, of at most {MAX_CHARS:,} characters."
NO_BUNDLE = "No bundle is in force, so nothing can be reviewed."
NOT_TAKEN = "This person cannot be written to: they are unknown or erased."
REFUSED = "These words may not be sent as they are."
THINK = "Read what was noticed, then send it if you stand by it."


@dataclass(frozen=True, slots=True)
class WritingPages:
    """The handlers of the composer."""

    one: ConversationPages

    async def typing(self, visit: Visit) -> Response:
        """Somebody writes: no turn begins, and no answer of the bot's leaves, for half a minute."""
        conversation: UUID = visit.request.path_params["conversation"]
        until = visit.now + timedelta(seconds=TYPING_S)
        known = await visit.deps.operations.typing(visit.owner.tenant_id, conversation, until=until)
        return Response(status_code=204 if known else 404)

    async def say(self, visit: Visit) -> Response:
        """Their words to the person, by way of review, the outbox and the last look."""
        found = await visit.deps.desk.conversation(
            visit.owner.tenant_id, visit.request.path_params["conversation"]
        )
        if found is None:
            return pages.plain_error(visit.request, 404, "There is no such page.")
        text = visit.form.get("text", "").replace("\r\n", "\n").strip()
        bundle = visit.bundle
        if bundle is None or not 0 < len(text) <= MAX_CHARS:
            return await self._not_sent(visit, text, (), NO_BUNDLE if bundle is None else NO_WORDS)
        findings = review_text(text, bundle, cited=_told(found, bundle))
        stands = _stands(visit, findings)
        if stands is not None:
            return await self._not_sent(visit, text, findings, stands)
        try:
            await self._sent(visit, found, text, findings)
        except ConvoError as error:
            return await self._not_sent(visit, text, findings, str(error))
        return visit.back(f"/conversations/{found.heading.conversation_id}", "said", "#write")

    async def _sent(self, visit: Visit, found: Conversation, text: str, findings: Sequence[Finding]) -> None:
        """Takes over first: then nothing of the bot's can leave in between."""
        heading = found.heading
        overruled = sorted({f.rule for f in findings if f.severity == "block"})
        if heading.human_owner != visit.operator.name or overruled:
            reason = visit.form.get("override", "") if overruled else "Wrote to them from the desk."
            note = f"Overruled {', '.join(overruled)}: {reason}" if overruled else reason
            await acts.take_over(visit, heading, note)
        send = Send(
            part=0,
            send_class=SendClass.HUMAN,
            sentences=(Sentence(text=text, claim=None, variant=None, digest=None),),
            answers_seq=found.said[-1].seq if found.said else None,
        )
        queued = await visit.deps.operations.say(
            visit.owner.tenant_id,
            heading.person.contact_id,
            heading.connection_id,
            send,
            by=visit.operator.name,
            now=visit.now,
        )
        if queued is None:
            raise ConvoError(NOT_TAKEN)
        acts.woken(visit, "sends", "pages")

    async def _not_sent(self, visit: Visit, text: str, findings: Sequence[Finding], fault: str) -> Response:
        return await self.one.show(
            visit, fault=fault, status=422, written=Written(text=text, findings=tuple(findings))
        )


def _told(found: Conversation, bundle: Bundle) -> tuple[str, ...]:
    """The claims this person was told: their figures may be repeated."""
    return tuple(
        {s.claim for row in found.sends for s in row.sentences if s.claim and s.claim in bundle.claims}
    )


def _stands(visit: Visit, findings: Sequence[Finding]) -> str | None:
    """Why it may not be sent yet, or None. A block takes somebody who may overrule it, and their reason."""
    worst = next((s for s in ("block", "warn") if any(f.severity == s for f in findings)), "note")
    match worst:
        case "block":
            reason = acts.reason_of(visit.form, "override")
            return None if reason is not None and visit.may("overrule") else REFUSED
        case "warn":
            return None if visit.form.get("sure") == "yes" else THINK
        case _:
            return None
