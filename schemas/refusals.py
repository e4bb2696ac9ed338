"""Why a bundle is refused: the codes of passes 8 (the bundle itself) and 9 (taking it into a running process).

They are told by both halves, so that they stand here; the compiler explains them with its own. Codes are never renumbered.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason and its manual page. `bad` and `good` are what an operator types or sees."""

    code: str
    name: str
    summary: str
    explanation: str
    bad: str
    good: str

    def says(self, message: str) -> str:
        """The message with its code, as every command, page and log prints it."""
        return f"{self.code} {message}"


UNREADABLE = Refusal(
    code="CV8001",
    name="bundle-unreadable",
    summary="bytes that are no bundle",
    explanation="""What was given is no JSON, or lacks a part that every bundle of this format has.

A bundle is written by `convo compile` and never by hand. A file that was cut off, or edited, is not repaired: compile again.
""",
    bad="convo publish notes.json",
    good="convo publish dist/dynamo-dave.json",
)
OTHER_FORMAT = Refusal(
    code="CV8002",
    name="bundle-of-another-format",
    summary="a bundle in a format this version does not read",
    explanation="""The bundle names a format that this version of convo does not read: it was made by a newer or a much older one.

Compile the tenant again with the compiler that belongs to this version, or bring the deployment to the version it was made by.
""",
    bad='"format": "convo.bundle/v2"',
    good='"format": "convo.bundle/v1"',
)
NOT_SIGNED = Refusal(
    code="CV8003",
    name="signature-does-not-hold",
    summary="a bundle that no trusted key has signed",
    explanation="""No envelope over the bundle holds: nobody signed it, the key is not in CONVO_TRUST, or it was changed.

Only what a trusted key has signed may speak. Sign it again with that key, or trust the new key's public half first and
restart.
""",
    bad="convo publish tenants/dynamo-dave --sign-key some.key",
    good="convo publish tenants/dynamo-dave --sign-key signing.key   # its public half is in CONVO_TRUST",
)
OTHER_TENANT = Refusal(
    code="CV8004",
    name="signed-for-another-tenant",
    summary="a bundle signed for, or made of, another tenant",
    explanation="""The signature names another tenant than the one it is to speak for, or the bundle holds another tenant's files.

A signature is for one tenant, so that nobody can put one firm's words into another's mouth.
""",
    bad="convo activate edward-energy sha256:...   # signed for dynamo-dave",
    good="convo activate dynamo-dave sha256:...",
)
OTHER_STAGE = Refusal(
    code="CV8005",
    name="signed-for-another-stage",
    summary="a bundle signed for another stage",
    explanation="""The signature does not name the stage it is to be used on.

What was looked at in the sandbox has not been looked at for live. Publish it with a signature for that stage when it has been.
""",
    bad="convo activate dynamo-dave sha256:... --stage live   # signed for sandbox",
    good="convo publish dist/dynamo-dave.json --stage live\nconvo activate dynamo-dave sha256:... --stage live",
)
OTHER_BYTES = Refusal(
    code="CV8006",
    name="not-the-bytes-that-were-signed",
    summary="a bundle whose bytes are not the ones that were signed",
    explanation="""The bundle's sha256 is not the one in the signed statement, or not the one its pointer names.

It was changed after it was signed, on disk or in the database. Find out by whom; what is in force stays meanwhile.
""",
    bad="one byte of dist/dynamo-dave.json differs",
    good="dist/dynamo-dave.json and dist/dynamo-dave.dsse.json as one compile wrote them",
)
UNAPPROVED = Refusal(
    code="CV8007",
    name="unapproved-bundle",
    summary="a bundle with unapproved claims outside of the sandbox",
    explanation="""It holds a claim or a script that nobody approved as it now stands, and it is to be used on staging or live.

Unapproved words are for the sandbox, where nobody real hears them. Have them approved, compile and publish again.
""",
    bad="convo publish dist/dynamo-dave.json --stage live   # unapproved: true",
    good="convo approve dynamo-dave --all-changed --key YOUR.key\nconvo compile --stage live",
)
STALE_PLAN = Refusal(
    code="CV8008",
    name="no-longer-in-force",
    summary="another bundle in force than the one the activation was made against",
    explanation="""Somebody activated another bundle meanwhile: the plan, or the digest that was expected, is out of date.

Nothing was activated: what was reviewed is the step from one bundle to another, and the first is not there any more. Look at
`convo status`, make a new plan and have it reviewed.
""",
    bad="convo activate dynamo-dave --plan plan.json   # made yesterday",
    good="convo plan --out plan.json\nconvo activate dynamo-dave --plan plan.json",
)
NOT_PUBLISHED = Refusal(
    code="CV8009",
    name="bundle-not-published",
    summary="a digest that nobody published for this tenant",
    explanation="""No bundle of that digest was published for this tenant, or there is none before the present one.

`convo publish` prints the digest it stored; `convo status` prints the ones in force.
""",
    bad="convo activate dynamo-dave sha256:0000...",
    good='convo activate dynamo-dave "$(convo publish dist/dynamo-dave.json)"',
)
OTHER_ORGANISATION = Refusal(
    code="CV8010",
    name="another-organisation",
    summary="a bundle that would move its tenant to another organisation",
    explanation="""The tenant is stored under another organisation than the bundle names.

STOP ALL reaches every tenant of an organisation, so that moving one would lose stops that were said before. It takes a new
tenant.
""",
    bad="organisation: other-group   # the tenant was published under example-group",
    good="organisation: example-group",
)
CONNECTION_TAKEN = Refusal(
    code="CV8011",
    name="connection-of-another-tenant",
    summary="a bundle with a connection that another tenant already has",
    explanation="""A connection's id is the path of its webhook, and another tenant of this deployment has it already.

Whoever writes there must always reach the same firm. Give the connection another id, or take it from the other tenant first.
""",
    bad="connections: [{id: main, ...}]   # in two tenants",
    good="connections: [{id: dave-main, ...}]",
)
NOT_DRILLED = Refusal(
    code="CV8012",
    name="attack-suite-not-withstood",
    summary="a bundle for staging or live that no attack suite was played against, or not without a miss",
    explanation="""Nothing speaks to real people that was not attacked first. A full suite must have been played against exactly
this bundle, every attack and every harmless twin must have come out as it must, and a trusted key must have signed the result.

Play it with the key that signs bundles and keep the result in the database; then publish and activate as before. What was in
force at the stage before may always be put back. The sandbox needs none.
""",
    bad="convo publish tenants/dynamo-dave --sign-key signing.key --stage staging   # never attacked",
    good="""convo drill attack tenants/dynamo-dave --sign-key signing.key --publish
convo publish tenants/dynamo-dave --sign-key signing.key --stage staging""",
)
UNKNOWN_CHANNEL = Refusal(
    code="CV9001",
    name="unknown-channel",
    summary="a connection on a channel this version does not have",
    explanation="""The bundle in force has a connection on a channel that this version cannot serve. The others are served.

Deploy a version that has the channel, or activate a bundle without the connection.
""",
    bad="channel: fax",
    good="channel: webchat",
)
CONNECTION_SERVED = Refusal(
    code="CV9002",
    name="connection-served-for-another",
    summary="a connection that this process serves for another tenant",
    explanation="""Two tenants in force have a connection of one id, and this process serves it for the first of them.

The database refuses such an activation, so that this means two databases, or a bundle kept on disk from another one. What is
in force stays: activate a bundle in which the connection has an id of its own.
""",
    bad="connections: [{id: main, ...}]   # in two tenants in force",
    good="connections: [{id: dave-main, ...}]",
)
SECRET_UNREADABLE = Refusal(
    code="CV9003",
    name="secret-unreadable",
    summary="a connection whose secret has no value that can be read",
    explanation="""A bundle holds references to secrets, never secrets. This process can read no value behind one of them.

Nothing is received or sent on the connection until it does. A `secret:` is set for each tenant with `convo secret set`; an
`env:` must be in the environment of the process, a `file:` must be readable for it and none of convo's own.
""",
    bad='secrets: {webhook: "env:HOOK"}   # not in the environment',
    good='secrets: {webhook: "secret:HOOK"}\nconvo secret set dynamo-dave HOOK',
)
INDEX_NOT_READY = Refusal(
    code="CV9004",
    name="index-not-ready",
    summary="a bundle whose claims have no vectors of the configured embedder",
    explanation="""CONVO_EMBEDDER names an embedder, and it did not give a vector for every text the claims are found by.

Activated like this, questions would find other claims than they were tried with. Whatever was embedded is kept: run the
command again when the provider answers, or set CONVO_EMBEDDER=none for it to go into force and be searched by words alone.
""",
    bad="convo activate dynamo-dave   # while the provider of CONVO_EMBEDDER is away",
    good="CONVO_EMBEDDER=none convo activate dynamo-dave",
)

REFUSALS: tuple[Refusal, ...] = (
    UNREADABLE,
    OTHER_FORMAT,
    NOT_SIGNED,
    OTHER_TENANT,
    OTHER_STAGE,
    OTHER_BYTES,
    UNAPPROVED,
    STALE_PLAN,
    NOT_PUBLISHED,
    OTHER_ORGANISATION,
    CONNECTION_TAKEN,
    NOT_DRILLED,
    UNKNOWN_CHANNEL,
    CONNECTION_SERVED,
    SECRET_UNREADABLE,
    INDEX_NOT_READY,
)
