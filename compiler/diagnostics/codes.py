"""The manual pages of the passes before and after the rules: discover, YAML, schema, link, approval, change.

A semantic rule (CV5xxx) keeps its page in its own file; `compiler.rules.CODES` is the whole table.
"""

from __future__ import annotations

from compiler.diagnostics import WARNING, Code, approval_codes, waiver_codes

# ---- 1: discover ---------------------------------------------------------------------------------------------------

UNKNOWN_FILE = Code(
    code="CV1001",
    name="unknown-file",
    summary="a file or folder that no tenant has",
    explanation="The names of a tenant's files are a closed list. A misspelt `guardrail.yaml` that was merely ignored would"
    " switch its rules off, so it is an error instead.",
    bad="tenants/dave/guardrail.yaml",
    good="tenants/dave/guardrails.yaml",
)
SYMLINK = Code(
    code="CV1002",
    name="symbolic-link",
    summary="a symbolic link inside a tenant",
    explanation="A link can point outside the folder a reviewer looks at. Put the file itself there.",
    bad="tenants/dave/consent.yaml -> ../../elsewhere.yaml",
    good="tenants/dave/consent.yaml",
)
TOO_LARGE = Code(
    code="CV1003",
    name="file-too-large",
    summary="a file of more than 1 MiB",
    explanation="Nobody reviews a megabyte of YAML, and a hostile one costs the compiler time. Split it by topic.",
    bad="tenants/dave/claims/all.yaml (3 MiB)",
    good="tenants/dave/claims/fees.yaml, tenants/dave/claims/free-routes.yaml",
)
NOT_UTF8 = Code(
    code="CV1004",
    name="not-utf-8",
    summary="a file that is not UTF-8",
    explanation="The wording people approve is compared byte by byte, so there is one encoding: UTF-8.",
    bad="a file saved as Windows-1252",
    good="the same file saved as UTF-8",
)
BYTE_ORDER_MARK = Code(
    code="CV1005",
    name="byte-order-mark",
    summary="a file that begins with a byte order mark",
    explanation="The mark is invisible, and some readers take it as part of the first key. Save without it.",
    bad="UTF-8 with BOM",
    good="UTF-8",
)
MISSING_FILE = Code(
    code="CV1006",
    name="missing-file",
    summary="a file every tenant must have",
    explanation="A tenant without consent rules or guardrails must not compile to one with none.",
    bad="tenants/dave/ without consent.yaml",
    good="tenants/dave/consent.yaml",
)

# ---- 2: YAML -------------------------------------------------------------------------------------------------------

SYNTAX = Code(
    code="CV2001",
    name="yaml-syntax",
    summary="text that is not YAML",
    explanation="The file cannot be read. Often an unclosed quote or bracket, or a text with `: ` in it that needs quotes.",
    bad="says: Note: this breaks",
    good='says: "Note: this is fine"',
)
DUPLICATE_KEY = Code(
    code="CV2002",
    name="duplicate-key",
    summary="a key that stands twice in one mapping",
    explanation="Most YAML readers keep the last and say nothing, so a reviewer may approve the one that is ignored.",
    bad="strikes: 3\nstrikes: 30",
    good="strikes: 3",
)
AMBIGUOUS = Code(
    code="CV2003",
    name="ambiguous-word",
    summary="a bare word that YAML 1.1 and 1.2 read differently",
    explanation="`no` is false to some readers and text to others; `20:00` is 1200; `010` is 8; `1.10` loses its zero. Where"
    " a date, a time or a phone number is asked for, such a word is taken as its text. Everywhere else: quote it.",
    bad="title: no",
    good='title: "no"',
)
ANCHOR = Code(
    code="CV2004",
    name="anchor",
    summary="an anchor or an alias",
    explanation="What is said must stand where it is read: no `&name` and `*name`. A text that begins so needs quotes.",
    bad="short: *greeting",
    good="short: Hello.",
)
TAG = Code(
    code="CV2005",
    name="tag",
    summary="a YAML tag or directive",
    explanation="Types come from the schema, never from `!tags`. A text that begins with `!` needs quotes.",
    bad="strikes: !!str 3",
    good="strikes: 3",
)
MERGE_KEY = Code(
    code="CV2006",
    name="merge-key",
    summary="a merge key `<<`",
    explanation="Merging hides what a reviewer must see. Write the fields out.",
    bad="<<: {cap: 3}",
    good="cap: 3",
)
SEVERAL_DOCUMENTS = Code(
    code="CV2007",
    name="several-documents",
    summary="a second document in one file",
    explanation="A line `---` begins a second document, which most readers would never look at. One file, one document.",
    bad="a: 1\n---\nb: 2",
    good="a: 1\nb: 2",
)
KEY_NOT_TEXT = Code(
    code="CV2008",
    name="key-not-text",
    summary="a key that is not plain text",
    explanation="A key must be text: not a list or mapping, and not a bare word that could be read as a number or as true.",
    bad="on: true",
    good='"on": true',
)
TOO_DEEP = Code(
    code="CV2009",
    name="too-deep",
    summary="nesting deeper than 32 levels or more than 200,000 values",
    explanation="No tenant needs it, and a hostile file could exhaust the compiler.",
    bad="[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ ... ]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    good="[a, b]",
)
TAB = Code(
    code="CV2010",
    name="tab-indent",
    summary="a tab used to indent",
    explanation="YAML indents with spaces only; how wide a tab is depends on who looks. Set your editor to write spaces.",
    bad="hours:\n\topen: 09:00",
    good="hours:\n  open: 09:00",
)
EMPTY = Code(
    code="CV2011",
    name="empty-file",
    summary="a file without content",
    explanation="An empty file says nothing, and a rule that is not there protects nobody. Whether it was left empty on purpose"
    " or lost its content, nobody can tell: remove the file or fill it.",
    bad="(nothing)",
    good="- id: OWN-1\n  title: What we told the regulator",
)
NUMBER = Code(
    code="CV2012",
    name="number-out-of-range",
    summary="a number beyond 2^53 - 1",
    explanation="Larger whole numbers change value in some JSON readers. An identifier of digits is text: quote it.",
    bad="ref: 90071992547409931",
    good='ref: "90071992547409931"',
)

HIDDEN = Code(
    code="CV2013",
    name="hidden-character",
    summary="a character that cannot be seen or that turns the reading direction",
    explanation="What a reviewer sees must be what a customer gets. Control characters, zero-width spaces and bidirectional"
    " overrides can make two different texts look the same. (The joiners some scripts need are allowed.)",
    bad='says: "Hello\\u202E."',
    good="says: Hello.",
)

# ---- 3: schema -----------------------------------------------------------------------------------------------------

UNKNOWN_KEY = Code(
    code="CV3001",
    name="unknown-key",
    summary="a key the schema does not know",
    explanation="Every object is closed. A misspelt key that was ignored could switch a safety rule off.",
    bad="quite_weekdays: [7]",
    good="quiet_weekdays: [7]",
)
MISSING_KEY = Code(
    code="CV3002",
    name="missing-key",
    summary="a key that must be there",
    explanation="The schema has no silent defaults for what protects people: somebody has to have said it.",
    bad="- id: DD-D01",
    good="- id: DD-D01\n  kind: disclosure",
)
WRONG_TYPE = Code(
    code="CV3003",
    name="wrong-type",
    summary="a value of another type than asked for",
    explanation="Text where a number is asked for, a single value where a list is, and so on.",
    bad="strikes: three",
    good="strikes: 3",
)
NOT_ALLOWED = Code(
    code="CV3004",
    name="not-one-of",
    summary="a value outside the allowed ones",
    explanation="The place takes one of a few words, each of which the runtime knows how to act on.",
    bad="kind: disclosre",
    good="kind: disclosure",
)
PATTERN = Code(
    code="CV3005",
    name="wrong-form",
    summary="a text that is not of the form asked for",
    explanation="Ids, dates, times, digests and references each have one form, so that two of them can be compared.",
    bad="effective: 21/11/2026",
    good="effective: 2026-11-21",
)
BOUNDS = Code(
    code="CV3006",
    name="out-of-bounds",
    summary="a value too small, too large, too short or too long",
    explanation="The schema gives the limits, and why, in the property's description.",
    bad="strikes: 0",
    good="strikes: 3",
)
REPEATED = Code(
    code="CV3007",
    name="repeated-item",
    summary="an item that stands twice in a list of distinct items",
    explanation="The list is a set; a repetition is usually a slip for another item.",
    bad="packs: [all, all]",
    good="packs: [all, whatsapp]",
)
CONDITION = Code(
    code="CV3008",
    name="condition",
    summary="a value that the rest of its object does not allow",
    explanation="Some keys belong to some kinds only: a prohibited entry has `match`, a question has `options`.",
    bad="- id: DD-X01\n  kind: prohibited\n  short: no",
    good="- id: DD-X01\n  kind: prohibited\n  match: [guarantee]",
)

VERSION = Code(
    code="CV3009",
    name="another-schema-version",
    summary="a file written for another version of the tenant schema",
    explanation="Nothing else is said about such a file: what is missing from it is missing because it is older. `convo"
    " upgrade` brings it to this release's version, keeping every comment. Approvals signed under version 1 did not name"
    " their author, so they cannot be carried over: it lists what has to be approved again. A file of a newer version needs"
    " the release it was written for.",
    bad="slug: dave",
    good="schema: 2\nslug: dave",
)

# ---- 4: link -------------------------------------------------------------------------------------------------------

UNDEFINED = Code(
    code="CV4001",
    name="undefined-id",
    summary="an id that nothing defines",
    explanation="A reference must lead to a claim, link, document or question of this tenant or of a pack it takes.",
    bad="required_with: [SP-FSO]",
    good="required_with: [SP-FOS]",
)
DEFINED_TWICE = Code(
    code="CV4002",
    name="defined-twice",
    summary="an id defined twice in one tenant and its packs",
    explanation="A tenant cannot replace a pack's claim, and two entries of one id leave open which was approved.",
    bad="- id: DD-D01 ... - id: DD-D01",
    good="- id: DD-D01 ... - id: DD-D02",
)
UNKNOWN_PACK = Code(
    code="CV4003",
    name="unknown-pack",
    summary="a pack or organisation that does not exist",
    explanation="Packs are folders under `tenants/_packs/`, organisations files under `tenants/_organisations/`. A pack"
    " that is not there would be rules that are not there.",
    bad="packs: [fca_cnc]",
    good="packs: [fca_cmc]",
)
SLUG = Code(
    code="CV4004",
    name="slug-differs",
    summary="a slug that is not its folder's name",
    explanation="The folder names the tenant everywhere; two names would be two tenants.",
    bad="tenants/dave/tenant.yaml with `slug: david`",
    good="tenants/dave/tenant.yaml with `slug: dave`",
)
WRONG_KIND = Code(
    code="CV4005",
    name="wrong-kind",
    summary="an id of the wrong kind for its place",
    explanation="A prohibited entry is never spoken, an answer belongs to a question.",
    bad="required_with: [DD-X01]",
    good="required_with: [DD-D02]",
)

# ---- 6: approval ---------------------------------------------------------------------------------------------------

UNAPPROVED = Code(
    code="CV6001",
    name="unapproved",
    summary="claims nobody has approved as they now stand",
    severity=WARNING,
    explanation="A bundle that holds an unapproved claim is marked so: it is spoken on sandbox connections only, and the"
    " database refuses to send it anywhere else. A compile for `live` fails.",
    bad="a claim without a line in approvals.yaml",
    good="a line in approvals.yaml for its present digest, written by `convo approve` and signed by an approver enrolled in"
    " tenant.yaml; until then the sandbox may speak it",
)
STALE = Code(
    code="CV6002",
    name="approval-of-other-words",
    summary="an approval of a digest that is no longer the claim's",
    explanation="Approval is of exact words. The text, its dates, its sources or a document it cites has changed since; the"
    " approval is void. The message shows what changed word by word, [-deleted-] and {+added+}. Have it approved again, or"
    " restore the words.",
    bad="digest: sha256:ab... (the claim now has sha256:cd...)",
    good="digest: sha256:cd...",
)
BAD_SIGNATURE = Code(
    code="CV6003",
    name="forged-approval",
    summary="an approval whose signature does not hold",
    explanation="Each line of approvals.yaml is signed by the approver's key over all its fields. A line that was written or"
    " edited by hand does not verify, and fails the compile.",
    bad="expires moved by hand from 2027-02-21 to 2029-02-21",
    good="a new approval, signed by its approver",
)
NOT_ENROLLED = Code(
    code="CV6004",
    name="approver-not-enrolled",
    summary="an approval by somebody, or with a key, not enrolled in tenant.yaml",
    explanation="Only the people under `approvers` may approve, each with the key enrolled there.",
    bad="by: Somebody Else",
    good="by: Ada Example",
)
APPROVAL_EXPIRED = Code(
    code="CV6005",
    name="approval-expired",
    summary="an approval past its last day",
    explanation="Approvals end, so that wording is looked at again by somebody who answers for it.",
    bad="expires: 2026-01-01",
    good="expires: 2027-01-01",
)

PASS_CODES: tuple[Code, ...] = (
    UNKNOWN_FILE,
    SYMLINK,
    TOO_LARGE,
    NOT_UTF8,
    BYTE_ORDER_MARK,
    MISSING_FILE,
    SYNTAX,
    DUPLICATE_KEY,
    AMBIGUOUS,
    ANCHOR,
    TAG,
    MERGE_KEY,
    SEVERAL_DOCUMENTS,
    KEY_NOT_TEXT,
    TOO_DEEP,
    TAB,
    EMPTY,
    NUMBER,
    HIDDEN,
    UNKNOWN_KEY,
    MISSING_KEY,
    WRONG_TYPE,
    NOT_ALLOWED,
    PATTERN,
    BOUNDS,
    REPEATED,
    CONDITION,
    VERSION,
    UNDEFINED,
    DEFINED_TWICE,
    UNKNOWN_PACK,
    SLUG,
    WRONG_KIND,
    UNAPPROVED,
    STALE,
    BAD_SIGNATURE,
    NOT_ENROLLED,
    APPROVAL_EXPIRED,
    *approval_codes.CODES,
    *waiver_codes.CODES,
)
