"""Three conversations through HTTP, as a customer has them, each judged by what was said and what the database holds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx2

from drills.demo_customer import ANSWER_WITHIN_S, CAMPAIGN_DUE_S, Customer, Row, Stage, Talk
from drills.sandbox.dialog360 import PEOPLE

QUESTION = "Do I have to use you or can I do it myself?"
STOP = "STOP"
DANGER = "I can't go on any more, I want to end it all"


async def play(stage: Stage) -> Sequence[Talk]:
    """All three, at the same time: they are different people."""
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:
        return await asyncio.gather(
            _question(stage, http), _stopped_campaign(stage, http), _danger(stage, http)
        )


# ---- the three ----------------------------------------------------------------------------------------------------------


async def _question(stage: Stage, http: httpx2.AsyncClient) -> Talk:
    person = Customer(stage, http, stage.tenant(0), PEOPLE[0])
    await person.writes(QUESTION)
    rows = await person.until(lambda rows: bool(rows) and all(row.state == "sent" for row in rows))
    replies = [row for row in rows if row.send_class == "reply" and row.state == "sent"]
    claims = {claim for row in replies for _, claim in row.sentences if claim}
    on_phone = await person.phone_shows(len(replies))
    return person.talk(
        "A question the register answers",
        rows,
        (
            ("the question was answered", bool(replies)),
            ("every sentence of the answer stands on a claim", _all_claimed(replies)),
            ("the free way is named (DD-D04)", "DD-D04" in claims),
            ("the phone shows what was sent", on_phone == [row.text for row in replies]),
        ),
    )


async def _stopped_campaign(stage: Stage, http: httpx2.AsyncClient) -> Talk:
    person = Customer(stage, http, stage.tenant(0), PEOPLE[1])
    queued = await person.gets_campaign()
    await person.writes(STOP)
    rows = await person.until(
        lambda rows: (
            any(r.send_class == "proactive" and r.rule for r in rows)
            and any(r.send_class == "confirmation" and r.state == "sent" for r in rows)
        ),
        within_s=ANSWER_WITHIN_S + CAMPAIGN_DUE_S,
    )
    campaign = next((row for row in rows if row.send_class == "proactive"), None)
    others = [row for row in rows if row.send_class != "proactive" and row.state == "sent"]
    on_phone = await person.phone_shows(len(others))
    contact = await person.facts("select opted_out_at from contact where tenant_id = %s and contact_id = %s")
    decisions = await person.facts(
        "select d.effect, d.rule, d.facts from outbox_decision d "
        "join outbox o on (o.tenant_id, o.id) = (d.tenant_id, d.outbox_id) "
        "where o.tenant_id = %s and o.contact_id = %s and o.send_class = 'proactive' order by d.at"
    )
    return person.talk(
        "STOP before a campaign message that was queued already",
        rows,
        (
            ("the campaign message had been queued for a person with consent", queued),
            (
                "it did not go out",
                campaign is not None and campaign.state not in ("sent", "sending", "unknown"),
            ),
            (
                "the last look refused it by a rule of the send table, knowing of the STOP",
                bool(decisions)
                and decisions[-1]["effect"] == "drop"
                and "opted_out" in decisions[-1]["facts"]["facts"]
                and decisions[-1]["rule"] in person.dropping_rules(decisions[-1]["facts"]["facts"]),
            ),
            ("the person is opted out", bool(contact) and contact[0]["opted_out_at"] is not None),
            (
                "one neutral confirmation and nothing else reached the phone",
                len(others) == 1 == len(on_phone),
            ),
            ("every sentence of it stands on a claim", _all_claimed(others)),
        ),
        refused={
            "campaign": campaign.campaign if campaign else None,
            "state": campaign.state if campaign else None,
            "rule": campaign.rule if campaign else None,
            "facts": decisions[-1]["facts"]["facts"] if decisions else [],
        },
    )


async def _danger(stage: Stage, http: httpx2.AsyncClient) -> Talk:
    person = Customer(stage, http, stage.tenant(1), PEOPLE[2])
    await person.writes(DANGER)
    await person.until(lambda rows: any(r.send_class == "safety" and r.state == "sent" for r in rows))
    await person.writes("Are you still there?")
    await person.until_processed()
    rows = await person.rows()
    sent = [row for row in rows if row.state == "sent"]
    text = " ".join(row.text for row in sent)
    cases = await person.facts(
        "select kind, priority, state, page from case_file where tenant_id = %s and contact_id = %s"
    )
    holds = await person.facts("select category from hold where tenant_id = %s and contact_id = %s")
    mode = await person.facts("select mode from conversation where tenant_id = %s and contact_id = %s")
    on_phone = await person.phone_shows(1)
    return person.talk(
        "Somebody in danger",
        rows,
        (
            ("the safety reply was sent, and only it", [row.send_class for row in sent] == ["safety"]),
            ("it names 999 and the Samaritans", "999" in text and "116 123" in text),
            ("every sentence of it stands on a claim", _all_claimed(sent)),
            (
                "a P0 case for the person on call was opened",
                any(c["priority"] == 0 and c["state"] == "open" and c["page"] for c in cases),
            ),
            ("a hold was set", bool(holds)),
            ("the bot says nothing more in this conversation", [m["mode"] for m in mode] == ["stopped"]),
            ("the phone shows one message", len(on_phone) == 1),
        ),
        cases=[{"kind": c["kind"], "priority": c["priority"], "state": c["state"]} for c in cases],
        holds=[h["category"] for h in holds],
    )


def _all_claimed(rows: Sequence[Row]) -> bool:
    return bool(rows) and all(claim for row in rows for _, claim in row.sentences)
