"""Waivers: changes let through by name, one rule, one subject, one digest, until a day; signed by who may. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol, TypeVar

from compiler.diagnostics import Diagnostic
from compiler.diagnostics import waiver_codes as c
from compiler.diagnostics.suggest import did_you_mean
from compiler.plan.change import Change, change_digest
from compiler.plan.rules import APPROVE, RULES, waivable
from compiler.source.held import composed
from compiler.source.tree import Map
from schemas.bundle import canonical
from schemas.signing import pae, text_signature_holds

WAIVER_TYPE = "application/vnd.convo.waiver+json"
SIGNED_FIELDS = ("rule", "subject", "digest", "reason", "author", "by", "on", "expires", "key")
LONGEST_DAYS = 400  # a year, and time to ask again
MAY = "waivers"  # what an approver must be enrolled for


class Person(Protocol):
    """An enrolled approver, as the approval pass knows them."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> bytes: ...
    @property
    def approves(self) -> Set[str]: ...


P = TypeVar("P", bound=Person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A line of waivers.yaml that holds. Days are ISO; `expires` is the first on which it no longer does."""

    rule: str
    subject: str
    digest: str
    reason: str
    by: str
    on: str
    expires: str
    file: str = ""
    line: int = 0

    def told(self) -> str:
        return f"waived by {self.by} until {self.expires}: {self.reason}"


def waiver_payload(tenant: str, line: Mapping[str, Any]) -> bytes:
    """What an approver signs: every field of the line, bound to the tenant, in DSSE's encoding."""
    fields = {key: line.get(key) for key in SIGNED_FIELDS}
    return pae(WAIVER_TYPE, canonical(composed({"tenant": tenant, **fields})))


def judge(
    lines: Sequence[Map],
    *,
    tenant: str,
    today: str,
    people: Mapping[str, P],
    wrote_it: Callable[[str, P], bool],
) -> tuple[tuple[Waiver, ...], list[Diagnostic]]:
    """(the waivers that hold, what is wrong with the others). `people`: the enrolled approvers by the id of their key."""
    good: list[Waiver] = []
    found: list[Diagnostic] = []
    for line in lines:
        wrong = next(_faults(line, tenant, today, people, wrote_it), None)
        if wrong is not None:
            found.append(wrong)
        else:
            good.append(_waiver(line))
    return tuple(good), found


def waived(change: Change, tenant: str, waivers: Sequence[Waiver]) -> Waiver | None:
    """The waiver of exactly this change, where its rule may be waived."""
    if not waivable(change.rule):
        return None
    digest = change_digest(tenant, change)
    wanted = (change.rule, change.subject, digest)
    return next((w for w in waivers if (w.rule, w.subject, w.digest) == wanted), None)


def _faults(
    line: Map, tenant: str, today: str, people: Mapping[str, P], wrote_it: Callable[[str, P], bool]
) -> Iterator[Diagnostic]:
    rule = line["rule"]
    if rule not in RULES:
        yield c.UNKNOWN_RULE.at(
            line.value("rule"), f"no plan has a rule `{rule}`", help=did_you_mean(rule, [*RULES])
        )
        return
    if not waivable(rule):
        approve = RULES[rule].way == APPROVE
        help_ = (
            "have it approved: `convo approve`"
            if approve
            else "change it back, or have whoever owns the packs merge it"
        )
        yield c.NEVER_WAIVED.at(line.value("rule"), f"`{rule}` can never be waived", help=help_)
        return
    person = people.get(line["key"])
    if person is None or person.name != line["by"] or MAY not in person.approves:
        message = f"{line['by']} is not enrolled with this key for waivers in tenant.yaml"
        names = [p.name for p in people.values() if MAY in p.approves]
        yield c.MAY_NOT_WAIVE.at(line.value("by"), message, help=did_you_mean(line["by"], names))
    elif not signed(tenant, line, person.key):
        message = f"the signature over the waiver of `{rule}` for `{line['subject']}` does not hold"
        yield c.FORGED.at(
            line.value("signature"), message, help="have it waived again; never edit it by hand"
        )
    elif wrote_it(line["author"], person):
        message = f"{person.name} waives what {line['author']} changed, and that is the same person"
        yield c.SELF_WAIVED.at(line.value("author"), message, help="have somebody else waive it")
    elif line["expires"] > last_day(line["on"]):
        message = f"the waiver of `{rule}` for `{line['subject']}` is for more than {LONGEST_DAYS} days"
        yield c.TOO_LONG.at(
            line.value("expires"), message, help=f"waive it again, until {last_day(line['on'])} at the latest"
        )
    elif line["expires"] <= today:
        message = f"the waiver of `{rule}` for `{line['subject']}` ended on {line['expires']}"
        yield c.EXPIRED.at(
            line.value("expires"),
            message,
            help="remove the line; what it let through is merged, or waive again",
        )


def last_day(on: str) -> str:
    """The latest day on which a waiver given on this day may end."""
    try:
        return f"{date.fromisoformat(on) + timedelta(days=LONGEST_DAYS)}"
    except (ValueError, OverflowError):  # no day at all, or the end of the calendar
        return f"{date.max}"


def signed(tenant: str, line: Mapping[str, Any], key: bytes) -> bool:
    """Whether the signature is this key's over exactly this line."""
    return text_signature_holds(key, line["signature"], waiver_payload(tenant, line))


def _waiver(line: Map) -> Waiver:
    at = line.at()
    return Waiver(
        **{key: line[key] for key in ("rule", "subject", "digest", "reason", "by", "on", "expires")},
        file=at.file,
        line=at.line,
    )
