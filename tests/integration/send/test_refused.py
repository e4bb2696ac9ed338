"""A refusal is somebody's work: a person waits for what was refused, unless we had started it ourselves."""

from __future__ import annotations

import pytest

from tests.integration.send.world import BUNDLE, World


def without_a_table(firm: World) -> None:
    firm.sql("delete from send_rule")


def unapproved_and_live(firm: World) -> None:
    firm.sql("update policy set unapproved = true")
    firm.sql("update connection set stage = 'live'")
    firm.drilled(BUNDLE)
    firm.sql(
        "insert into bundle_pointer values (%s, 'live', 1, %s, 'test', %s)",
        [firm.tenant_id, BUNDLE, firm.clock.now()],
    )


@pytest.mark.parametrize(
    ("arrange", "rule"), [(without_a_table, "R-TABLE-1"), (unapproved_and_live, "R-PERIM-3")]
)
@pytest.mark.parametrize("send_class", ["confirmation", "reply", "human", "service"])
async def test_what_is_refused_opens_one_case_in_its_conversation(
    firm: World, arrange: object, rule: str, send_class: str
) -> None:
    assert callable(arrange)
    arrange(firm)
    person, other = firm.person(), firm.person()
    for waits in (person, person, other):
        assert await firm.decided(firm.waiting(waits, send_class)) == ("refuse", rule)
    cases = firm.sql("select conversation_id, kind, reason, priority, page from case_file order by opened_at")
    assert {case["conversation_id"] for case in cases} == {person.conversation, other.conversation}
    assert [(c["kind"], c["reason"], c["priority"], c["page"]) for c in cases] == [
        ("not_sent", rule, 1, False)
    ] * 2


async def test_what_we_start_is_refused_without_a_case(firm: World) -> None:
    without_a_table(firm)
    assert (await firm.decided(firm.waiting(firm.person(), "proactive")))[0] == "refuse"
    assert firm.sql("select * from case_file") == []
