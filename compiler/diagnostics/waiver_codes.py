"""The manual pages of waivers.yaml: changes that were let through by name."""

from __future__ import annotations

from compiler.diagnostics import WARNING, Code

UNKNOWN_RULE = Code(
    code="CV7001",
    name="unknown-rule",
    summary="a waiver of a rule no plan has",
    explanation="A waiver is for one rule, by the name `convo plan` gives it. A misspelt one would wait for ever.",
    bad="rule: CAP_NOT_LOSENED",
    good="rule: CAP_NOT_LOOSENED",
)
NEVER_WAIVED = Code(
    code="CV7002",
    name="never-waived",
    summary="a waiver of a rule that can never be waived",
    explanation="What the bot says is approved, not waived. And some changes nobody may let through alone: fewer words that"
    " stop everything, a safety signal that does less, a message that goes out where it was stopped, weaker consent, a"
    " guardrail or a pack gone.",
    bad="rule: OPT_OUT_NOT_WEAKENED",
    good="the words put back",
)
FORGED = Code(
    code="CV7003",
    name="forged-waiver",
    summary="a waiver whose signature does not hold",
    explanation="Each line of waivers.yaml is signed by its approver's key over all its fields. One that was written or edited"
    " by hand does not verify, and fails the compile.",
    bad="expires moved by hand from 2027-02-21 to 2029-02-21",
    good="a new waiver, written by `convo waive`",
)
MAY_NOT_WAIVE = Code(
    code="CV7004",
    name="may-not-waive",
    summary="a waiver by somebody who may not waive",
    explanation="Only approvers whose entry in tenant.yaml says `approves: [waivers]` may let a change through, each with the"
    " key enrolled there.",
    bad="by: Somebody Else",
    good="by: Ada Example",
)
SELF_WAIVED = Code(
    code="CV7005",
    name="self-waived",
    summary="a waiver by the author of the change",
    explanation="Two people look at what is let through: whoever made the change, and somebody who may waive.",
    bad="author: Ada Example\nby: Ada Example",
    good="author: Wat Example\nby: Ada Example",
)
EXPIRED = Code(
    code="CV7006",
    name="waiver-expired",
    summary="a waiver past its last day",
    severity=WARNING,
    explanation="A waiver ends, so that what it let through is looked at again if it has not been merged. It no longer lets"
    " anything through; a change that was merged meanwhile needs none. Remove the line.",
    bad="expires: 2026-01-01",
    good="expires: 2027-01-01",
)

TOO_LONG = Code(
    code="CV7007",
    name="waiver-too-long",
    summary="a waiver that lives for more than 400 days",
    explanation="A waiver is looked at again within the year. A month and a little more is left for doing so; what is merged by"
    " then needs no waiver, and what is not should be asked for again.",
    bad='"on": "2026-11-01"\nexpires: "2099-01-01"',
    good='"on": "2026-11-01"\nexpires: "2027-11-01"',
)

CODES = (UNKNOWN_RULE, NEVER_WAIVED, FORGED, MAY_NOT_WAIVE, SELF_WAIVED, EXPIRED, TOO_LONG)
