"""What a conversation came to so far, as the desk reads it: said, composed, sent, decided, opened, held, suppressed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from drills.rehearsal import Call
from runtime.messages import Outcome, Send
from runtime.ports import Prompt
from runtime.storage.desk_rows import CaseRow, Conversation, SendingRow
from schemas.bundle import Bundle, Claim

GONE = ("sending", "sent", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One conversation up to a line, or to its end. `fresh` outcomes are those of the last line; `before`: how many sends there
    were when it was written. `clear` is everything about the tenant that stands in the database unencrypted."""

    bundle: Bundle
    conversation: Conversation | None
    outcomes: tuple[Outcome, ...]
    fresh: tuple[Outcome, ...]
    before: int
    written: tuple[str, ...]
    identity: str
    calls: tuple[Call, ...]
    prompts: tuple[Prompt, ...]
    opt_out_reasons: tuple[str, ...]
    dead: int
    clear: str
    stop_stored: float | None = None  # monotonic seconds when the stop of a race was on disk
    refusals: tuple[str, ...] = ()  # rules by which later tries to start a conversation were refused
    page: str = (
        ""  # the desk's own page of the conversation, as HTML; only of parts in which a check reads it
    )
    scored: tuple[str, ...] = ()  # columns of the database in which a mark for this person stands

    @property
    def rows(self) -> tuple[SendingRow, ...]:
        return self.conversation.sends if self.conversation else ()

    @property
    def new_rows(self) -> tuple[SendingRow, ...]:
        """What was put into the outbox since the last line was written."""
        return self.rows[self.before :]

    @property
    def sent(self) -> tuple[SendingRow, ...]:
        return tuple(row for row in self.rows if row.state in GONE)

    @property
    def cases(self) -> tuple[CaseRow, ...]:
        return self.conversation.cases if self.conversation else ()

    @property
    def text(self) -> str:
        """Everything that was composed in answer to the last line."""
        return "\n".join(send.text for outcome in self.fresh for send in outcome.sends)

    @property
    def stated(self) -> tuple[Claim, ...]:
        """The claims behind the answer to the last line, each once."""
        return tuple(self._claims(self.fresh))

    @property
    def ever_stated(self) -> tuple[Claim, ...]:
        return tuple(self._claims(self.outcomes))

    @property
    def seen(self) -> frozenset[str]:
        """Every category the screen saw in this conversation."""
        return frozenset(s["category"] for o in self.outcomes for s in o.audit["verdict"]["signals"])

    def claim(self, name: str) -> Claim | None:
        """The tenant's claim of this id, or, for `*-D01`, the one whose id ends so."""
        end = name.removeprefix("*")
        found = (
            c for c in self.bundle.claims.values() if c.id == name or (end != name and c.id.endswith(end))
        )
        return next(found, None)

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.bundle.policy.timezone))

    def sends(self) -> Iterator[tuple[Outcome, Send]]:
        return ((outcome, send) for outcome in self.outcomes for send in outcome.sends)

    def _claims(self, outcomes: tuple[Outcome, ...]) -> Iterator[Claim]:
        ids = (s.claim for o in outcomes for send in o.sends for s in send.sentences)
        for claim_id in dict.fromkeys(ids):
            if claim_id is not None and claim_id in self.bundle.claims:
                yield self.bundle.claims[claim_id]


def waits_until(row: SendingRow) -> datetime:
    """When the last look put the row off to; before any look, when it is due."""
    return next((look.until for look in reversed(row.looks) if look.until is not None), row.due_at)
