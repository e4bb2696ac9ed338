"""For whoever asks when a message goes: one decision of the send table explained, and the whole table as a picture."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import OK, UsageProblem
from commands.options import AsJson, TenantPath, Today, day_of, tenant_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas.bundle import Bundle, Policy
    from schemas.sendoutcomes import Change, Explanation, Say

LONGEST_WAIT_DAYS = 60
CLOCK_FACTS = ("quiet_hours", "quiet_day", "quiet_page_open")


def why_send(
    tenant: TenantPath,
    *,
    send_class: Annotated[
        str, typer.Option("--class", help="safety, confirmation, reply, human, service, proactive")
    ],
    channel: Annotated[
        str, typer.Option("--channel", help="whatsapp_360dialog, whatsapp_waha, webchat, email")
    ],
    at: Annotated[str, typer.Option("--at", help="local time of the tenant, as 2026-11-24T21:00")],
    facts: Annotated[str, typer.Option("--facts", help="what holds, joined by commas: opted_out,hold")] = "",
    flags: Annotated[
        str, typer.Option("--flags", help="what is true of the message: wrote_first,no_link")
    ] = "",
    page_open: Annotated[bool, typer.Option("--page-open", help="the person has the web chat open")] = False,
    today: Today = None,
    json_: AsJson = False,
) -> int:
    """What the send table does with a message, by which row and rule, and what would change it.

    The facts of the clock are worked out from --at; the others are yours to give.
    """
    from schemas.sendoutcomes import FACTS, explain
    from schemas.sendtable import CHANNELS, CLASSES, RESTRICTIONS

    _known("class", [send_class], CLASSES)
    _known("channel", [channel], CHANNELS)
    given = _known("fact", _words(facts), FACTS)
    said = _known("flag", _words(flags), RESTRICTIONS)
    bundle = _bundle(tenant, today)
    moment = _moment(at)
    clock, opens = clock_facts(bundle.policy, moment, page_open=page_open and channel == "webchat")
    told = explain(bundle.send_table, {*given, *clock}, send_class, channel, said)
    if json_:
        print(json.dumps(_document(told, {*given, *clock}, opens), ensure_ascii=False, indent=2))
    else:
        print("\n".join(_sentences(told, bundle, opens)))
    return OK


def send_table(
    tenant: TenantPath,
    out: Annotated[Path, typer.Option("--out", help="SVG file to write")],
    today: Today = None,
) -> int:
    """The tenant's send table as a picture: what happens to each class of message while each fact holds."""
    from compiler.page.picture import picture

    bundle = _bundle(tenant, today)
    try:
        out.write_text(
            picture(bundle.send_table, title=f"The send table of {bundle.tenant.display_name}"), "utf-8"
        )
    except OSError as error:
        raise UsageProblem(f"{out}: {error.strerror}") from None
    print(out)
    return OK


def clock_facts(policy: Policy, local: datetime, *, page_open: bool) -> tuple[set[str], datetime]:
    """The facts of the clock at a local time, and the next opening: as the last look works them out."""
    minute = local.hour * 60 + local.minute
    hours = not policy.open_minute <= minute < policy.close_minute
    day = _quiet(policy, local)
    opens = local
    for ahead in range(LONGEST_WAIT_DAYS + 1):
        start = (local + timedelta(days=ahead)).replace(hour=0, minute=0, second=0, microsecond=0)
        opens = start + timedelta(minutes=policy.open_minute)
        if opens > local and not _quiet(policy, opens):
            break
    if page_open and (hours or day):
        return {"quiet_page_open"}, opens
    return {name for name, holds in (("quiet_hours", hours), ("quiet_day", day)) if holds}, opens


def _quiet(policy: Policy, moment: datetime) -> bool:
    return moment.isoweekday() in policy.quiet_weekdays or f"{moment:%Y-%m-%d}" in policy.quiet_dates


def _bundle(tenant: str, today: datetime | None) -> Bundle:
    from compiler.pipeline import compile_tenant
    from schemas.bundle import Bundle

    return Bundle.decode(compile_tenant(tenant_path(tenant), day_of(today)).bundle)


def _moment(at: str) -> datetime:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise UsageProblem(f"--at {at} is no time: write it as 2026-11-24T21:00") from None
    if moment.tzinfo is not None:
        raise UsageProblem("--at is the tenant's local time: leave the zone out")
    return moment


def _words(joined: str) -> list[str]:
    return [word.strip() for word in joined.split(",") if word.strip()]


def _known(what: str, given: Iterable[str], known: Iterable[str]) -> set[str]:
    """The words, all of them known. Raises UsageProblem with the one that was probably meant."""
    from compiler.diagnostics.suggest import did_you_mean

    known, words = list(known), set(given)
    for word in sorted(words - set(known)):
        help_ = did_you_mean(word, known) or f"there are {', '.join(known)}"
        raise UsageProblem(f"there is no {what} {word}; {help_}")
    return words


def _sentences(told: Explanation, bundle: Bundle, opens: datetime) -> Iterable[str]:
    from schemas.sendtable import RULES

    decision = told.decision
    waits = f" until {', '.join(_until(u, opens, bundle) for u in decision.until)}" if decision.until else ""
    notes = f" ({', '.join(decision.notes)})" if decision.notes else ""
    row = f"row {decision.row}" if decision.row else "no row"
    yield f"{decision.effect}{waits}{notes}"
    yield f"  {row}, {decision.rule}: {RULES.get(decision.rule, '')}"
    yield ""
    yield "what had a say, strictest first"
    for say in told.says:
        yield f"  {say.effect:<9} {say.fact:<16} row {say.row.row:<4} {say.row.rule}{_unmet(say)}"
    if told.changes:
        yield ""
        yield "what would change it"
        yield from (f"  {_change(change)}" for change in told.changes)


def _until(until: str, opens: datetime, bundle: Bundle) -> str:
    words: Mapping[str, str] = {
        "open": f"{opens:%A %Y-%m-%d %H:%M} ({bundle.policy.timezone})",
        "processed": "what the person wrote has been read",
        "frequency": "the caps on frequency allow it",
        "spend": "there is money again",
        "kill": "sending is on again",
    }
    return words.get(until, until)


def _unmet(say: Say) -> str:
    return f"  (not: {', '.join(say.unmet)})" if say.unmet and say.row.only else ""


def _change(change: Change) -> str:
    if change.given:
        return f"if {' and '.join(change.given)} were true of it: {change.effect}"
    return f"without {' and '.join(change.without)}: {change.effect}"


def _document(told: Explanation, facts: set[str], opens: datetime) -> dict[str, Any]:
    from schemas.sendtable import RULES

    decision = told.decision
    return {
        "effect": decision.effect,
        "rule": decision.rule,
        "because": RULES.get(decision.rule, ""),
        "row": decision.row,
        "until": decision.until,
        "opens": f"{opens:%Y-%m-%dT%H:%M}" if "open" in decision.until else None,
        "notes": decision.notes,
        "facts": sorted(facts),
        "said": [
            {"fact": s.fact, "effect": s.effect, "row": s.row.row, "rule": s.row.rule, "unmet": s.unmet}
            for s in told.says
        ],
        "changes": [{"without": c.without, "given": c.given, "effect": c.effect} for c in told.changes],
    }
