"""The last look in words: what was decided about one message of ours, by which rule, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from runtime.storage.desk_rows import LookRow, SendingRow
from runtime.web.desk import words

LEFT = ("sending", "sent", "unknown")  # what the provider may have
GOES = ("send", "template")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One last look in words: `lead how`, then `Rule: found`, the row, and `end`. tone: ok, own, hold, danger or ''."""

    tone: str
    lead: str
    how: str = ""
    rule: str | None = None
    found: str = ""
    row: int | None = None
    end: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Tells the looks of one conversation. `received`: when each of the person's messages was stored, by its number."""

    channel: str
    zone: ZoneInfo
    day: date
    received: Mapping[int, datetime]

    def of(self, row: SendingRow) -> Iterator[Looked]:
        """Every look over one message, oldest first."""
        if not row.looks:
            yield Looked(tone="", lead="Waits for its last look.")
        for n, look in enumerate(row.looks):
            yield self._look(row, look, last=n == len(row.looks) - 1)

    def _look(self, row: SendingRow, look: LookRow, *, last: bool) -> Looked:
        if look.effect in GOES:
            tone, lead, how = self._sent(row) if last else ("hold", "Let go, then put back.", "")
            stood = words.met(look.rule, row.send_class)
            if not stood:
                return Looked(tone=tone, lead=lead, how=how, end="Nothing stood against it.")
            return Looked(tone=tone, lead=lead, how=how, rule=look.rule, found=f"{stood}.", row=look.row)
        facts = words.facts(look.facts)
        sort = f"{words.CLASSES.get(row.send_class, row.send_class)}, {self.channel}"
        if look.effect in ("defer", "pause"):
            until = f" until {words.when(look.until, self.zone)}" if look.until else ""
            lead = f"Waits{until}." if last and row.state == "pending" else f"Waited{until}."
            return Looked(tone="hold", lead=lead, rule=look.rule, found=f"{sort}, {facts}.", row=look.row)
        effect = words.EFFECTS.get(look.effect, look.effect)
        found = f"{sort}, {facts}, so {effect}."
        return Looked(
            tone="hold", lead="Not sent.", rule=look.rule, found=found, row=look.row, end="It never left."
        )

    def _sent(self, row: SendingRow) -> tuple[str, str, str]:
        """Tone, lead and how for a row that was let go."""
        sort = words.CLASSES.get(row.send_class, row.send_class)
        asked = self.received.get(row.answers_seq) if row.answers_seq is not None else None
        if row.sending_at is not None and asked is not None:
            sort += f", {words.seconds(max((row.sending_at - asked).total_seconds(), 0))} after they wrote"
        elif row.sending_at is not None:
            sort += f", {words.when(row.sending_at, self.zone)}"
        match row.state:
            case "sent":
                read = {"delivered": " Delivered", "read": " Read", "failed": " Reported as failed"}.get(
                    row.status or ""
                )
                at = (
                    f"{read} {words.moment(row.status_at, self.zone, self.day)}."
                    if read and row.status_at
                    else ""
                )
                return ("hold" if row.status == "failed" else "ok"), "Sent", f"as a {sort}.{at}"
            case "sending":
                return "own", "On its way", f"as a {sort}."
            case "unknown":
                return (
                    "danger",
                    "May have gone.",
                    "The provider took the call and did not answer. It is not repeated by itself.",
                )
            case "failed" | "dead":
                code = f" Code {row.error_code}." if row.error_code is not None else ""
                return "danger", "Not delivered.", f"The provider refused it.{code}"
            case "superseded":
                return "hold", "Not sent.", "It was composed again."
            case _:
                return "hold", "Put back.", "The call never began."
