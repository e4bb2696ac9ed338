"""Prohibited wording that is denied, asked about or repeated after the person is none; said in earnest, it blocks."""

from __future__ import annotations

import pytest

from runtime.engine.review import review, review_text
from runtime.guardrails import guardrail_of
from runtime.guardrails.prohibited import worded
from schemas.bundle import Bundle
from schemas.denied import denied
from tests.sets.measure import bundles
from tests.unit.guardrails.test_guardrails import reply, say, scene

CAREFUL = (
    "There's no guarantee of any outcome.",
    "There is no guarantee that a complaint succeeds.",
    "It isn't guaranteed.",
    "Nobody can guarantee how it ends.",
    "We can't guarantee it.",
    "I can't say whether you'll be owed anything.",
    "I don't know whether you're owed money.",
    "Did the dealer guarantee anything in writing?",
    "Were you told there was a deadline?",
    "You said the broker guaranteed you savings, is that right?",
    "You asked if you'll win. I can't answer that.",
    "Whether you qualify isn't something I can judge.",
    "That doesn't mean you're owed anything.",
    "There is no deadline on my side.",
)
SAID = (
    "It's guaranteed.",
    "We guarantee it.",
    "There's no guarantee needed, you're owed money.",
    "I can't say how, but you're owed money.",
    "Nobody can stop it now: it's guaranteed.",
    "You said money is tight, you're owed plenty.",
    "You mentioned your car: you're owed money for it.",
    "It isn't just guaranteed, it is certain to win.",
    "Did you know you're owed money?",
    "Do you want to miss the deadline?",
    "No hurry: the deadline is near.",
    "Don't miss the deadline.",
    "We cannot lose, it is guaranteed.",
    "You can't say no to guaranteed money.",
    "There's no guаrantee, and you're owed money.",
)


@pytest.mark.parametrize("bundle", bundles(), ids=lambda bundle: bundle.tenant.slug)
@pytest.mark.parametrize("text", CAREFUL)
def test_what_is_denied_asked_or_repeated_is_no_prohibited_wording_of_the_bots(
    bundle: Bundle, text: str
) -> None:
    assert worded(text, bundle.prohibited, own=True) == ()


@pytest.mark.parametrize("bundle", bundles(), ids=lambda bundle: bundle.tenant.slug)
@pytest.mark.parametrize("text", SAID)
def test_what_is_said_in_spite_of_a_denial_beside_it_is(bundle: Bundle, text: str) -> None:
    found = worded(text, bundle.prohibited, own=True)
    assert found
    assert all(0 <= hit.start < hit.end <= len(text) for hit in found)


def test_only_own_words_are_excused_and_neither_a_claims_text_nor_an_agents() -> None:
    text = "It is not said that you are entitled to it, you asked whether you are entitled to it."
    of = scene()
    assert worded("You asked whether you are entitled to it.", of.bundle.prohibited, own=True) == ()
    assert worded("You asked whether you are entitled to it.", of.bundle.prohibited, own=False)
    assert "prohibited" in {guardrail_of(f.rule) for f in review_text(text, of.bundle)}
    quoted = "You asked whether you are entitled to it."
    found = review(reply(say(quoted), of=of, vouched=frozenset({quoted})))
    assert "prohibited" not in {guardrail_of(f.rule) for f in found}


def test_a_denial_that_is_itself_turned_round_excuses_nothing() -> None:
    for said in (
        "I can't tell you how guaranteed this payout is",
        "Nobody can say it is not a guaranteed payout",
        "I can't promise less than a guaranteed payout",
    ):
        at = said.index("guaranteed")
        assert not denied(said, at, at + len("guaranteed")), said
