"""The manual pages of what can be wrong with an approval beyond its words: by whom, when, in what office."""

from __future__ import annotations

from compiler.diagnostics import WARNING, Code

SELF_APPROVAL = Code(
    code="CV6006",
    name="self-approval",
    summary="an approval by whoever wrote the words",
    explanation="Whoever wrote a text sees what they meant to write. Each line names its author, and author and approver are"
    " two people; case, blanks, the order of names, look-alike letters and the login of the code host do not hide one.",
    bad="by: Ada Example, author: ada  EXAMPLE",
    good="by: Ada Example, author: Wat Example",
)
NOT_THEIRS = Code(
    code="CV6007",
    name="not-theirs-to-approve",
    summary="an approval of something its signer is not enrolled for",
    explanation="`approves` in tenant.yaml says what each approver may approve: facts (claims), scripts (persona, campaigns,"
    " quick replies), waivers. A line beyond it counts for nothing.",
    bad="an approver with `approves: [facts]` signs script: persona",
    good="an approver with `approves: [facts, scripts]` signs it",
)
NOT_YET = Code(
    code="CV6008",
    name="approval-from-the-future",
    summary="an approval dated after today",
    explanation="An approval holds from the day it was given. A later date is a slip or an attempt to make a line outlive the"
    " day on which it would have to be given again.",
    bad="on: 2031-01-01",
    good="on: 2026-11-01",
)
TWICE = Code(
    code="CV6009",
    name="approved-twice",
    summary="two lines by one person for one thing",
    explanation="One person's word counts once: a second line neither makes two people nor prolongs the first in secret."
    " Approving again replaces the older line.",
    bad="two lines for script: persona, both by: Ada Example",
    good="one line by Ada Example (solicitor), one by Bea Example (compliance)",
)
AMBIGUOUS_ENROLMENT = Code(
    code="CV6010",
    name="ambiguous-enrolment",
    summary="one key, name or account enrolled for two approvers",
    explanation="A signature must say who signed. A key enrolled under two names, a person enrolled twice (also under a name"
    " that only looks different) or a login shared by two people could count as two people, so neither counts. Nor does a key"
    " of the few under which anybody can sign without a secret.",
    bad="two approvers with the same key",
    good="each approver once, with a key and a login of their own",
)
NOT_ITS_REVIEW = Code(
    code="CV6011",
    name="not-a-review-of-its-key",
    summary="a line by CI's key about a review the key does not speak for",
    explanation="A key under `review_keys` may sign what it read from the reviews of one repository on one code host, for"
    " approvers whose login is enrolled. A line it signs names such a review, by its address, and whose it was, by login (and by"
    " the account's number where that is enrolled): an account that is no longer theirs speaks for nobody.",
    bad="ref: https://github.example/somebody/fork/pull/7#pullrequestreview-123",
    good="ref: https://github.example/example/tenants/pull/7#pullrequestreview-123",
)
SCRIPT_UNAPPROVED = Code(
    code="CV6012",
    name="script-unapproved",
    summary="a script that lacks the approval of a solicitor or of a compliance person",
    severity=WARNING,
    explanation="The persona, each campaign and each quick reply speak in the firm's own voice, some of them unasked. Two"
    " people approve each: a solicitor and a compliance person. Until both have, the bundle is marked unapproved; a compile for"
    " `live` fails.",
    bad="script: persona, approved by a solicitor only",
    good="script: persona, one line by a solicitor and one by a compliance person",
)
ENROLLED_HERE = Code(
    code="CV6013",
    name="enrolled-by-the-change",
    summary="an approval by somebody whom the change itself enrols",
    explanation="Otherwise anybody could enrol a key of their own and approve everything with it in one pull request. A change"
    " is judged by the people enrolled in what it is to be merged into; a new enrolment counts from the merge on.",
    bad="one change adds Mallory Example under `approvers` and a line signed by Mallory Example",
    good="the enrolment is merged first, approved by those enrolled before; then comes the line",
)

CODES: tuple[Code, ...] = (
    SELF_APPROVAL,
    NOT_THEIRS,
    NOT_YET,
    TWICE,
    AMBIGUOUS_ENROLMENT,
    NOT_ITS_REVIEW,
    SCRIPT_UNAPPROVED,
    ENROLLED_HERE,
)
