"""The semantic rules, one a file, and the whole table of codes. A rule is CODE, NEEDS and `check(source, context)`.

NEEDS names the kinds of file that must be free of faults, in the tenant and its packs, for the rule to say anything: a rule
that looks for what is missing must not complain about what merely could not be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from compiler.diagnostics import Code, Diagnostic
from compiler.diagnostics.codes import PASS_CODES
from compiler.rules import (
    agreement,
    answers,
    approval_ends,
    borrowed_status,
    broken_pattern,
    calendar,
    choices,
    circular_requirement,
    contradiction,
    example_value,
    expired,
    expires_soon,
    fee_cap,
    foreign_url,
    golive_future,
    golive_missing,
    golive_names,
    golive_office,
    golive_stale,
    golive_subject,
    golive_unknown,
    literal_secret,
    looser_than_pack,
    missing_disclosure,
    missing_language,
    missing_pack,
    model_region,
    organisation,
    pattern_examples,
    perimeter,
    placeholder,
    prohibited_wording,
    prompt,
    quiet_hours,
    required_set,
    residency,
    review_overdue,
    shared_connection,
    shared_tracking,
    short_retention,
    slots,
    soft_opt_in,
    spare_number,
    success_fee,
    transfer,
    unasked,
    unclaimed,
    unmeetable_link,
    unpriced_model,
    unreached_disclosure,
    unsaid,
    waha_outreach,
    worst_day,
)
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.neighbours import Facts, Neighbours
from schemas.refusals import REFUSALS


class Rule(Protocol):
    """What a rule's module holds."""

    CODE: Code
    NEEDS: frozenset[str]

    def check(self, source: Source, context: Context) -> Iterator[Diagnostic]: ...


class Across(Protocol):
    """A rule that compares a tenant with its neighbours: it sees their facts and no more."""

    CODE: Code

    def across(self, facts: Facts, earlier: Neighbours) -> Iterator[Diagnostic]: ...


RULES: tuple[Rule, ...] = (
    expired,
    expires_soon,
    review_overdue,
    prohibited_wording,
    required_set,
    foreign_url,
    literal_secret,
    waha_outreach,
    looser_than_pack,
    missing_disclosure,
    quiet_hours,
    broken_pattern,
    slots,
    prompt,
    calendar,
    unsaid,
    example_value,
    pattern_examples,
    organisation,
    answers,
    missing_language,
    choices,
    short_retention,
    unclaimed,
    borrowed_status,
    fee_cap,
    contradiction,
    agreement,
    approval_ends,
    golive_future,
    golive_missing,
    golive_names,
    golive_office,
    golive_stale,
    golive_subject,
    golive_unknown,
    missing_pack,
    model_region,
    perimeter,
    placeholder,
    residency,
    soft_opt_in,
    spare_number,
    success_fee,
    transfer,
    unasked,
    unreached_disclosure,
    unmeetable_link,
    unpriced_model,
    worst_day,
    circular_requirement,
)

# These compare tenants. What they find is nobody's own, and never kept in a cache.
ACROSS: tuple[Across, ...] = (shared_connection, shared_tracking)

# Of a bundle and its loading: found by whoever publishes, activates or runs it.
AFTERWARDS: tuple[Code, ...] = tuple(
    Code(
        code=refusal.code,
        name=refusal.name,
        summary=refusal.summary,
        explanation=refusal.explanation,
        bad=refusal.bad,
        good=refusal.good,
    )
    for refusal in REFUSALS
)

CODES: Mapping[str, Code] = {
    code.code: code
    for code in (
        *PASS_CODES,
        *(rule.CODE for rule in RULES),
        *(rule.CODE for rule in ACROSS),
        *AFTERWARDS,
    )
}


def compare(facts: Facts, earlier: Neighbours) -> Iterator[Diagnostic]:
    """What the rules across tenants have to say about one, given those before it."""
    for rule in ACROSS:
        yield from rule.across(facts, earlier)


def lint(source: Source, context: Context) -> Iterator[Diagnostic]:
    """What every rule that can see enough has to say about one tenant."""
    for rule in RULES:
        if not rule.NEEDS & source.broken:
            yield from rule.check(source, context)
