"""What may leave at all: the canary, a person's own data, another language, a sale after a sign of danger, a slot's value."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from runtime.engine.compose import canary_of
from runtime.engine.review import review, review_text
from runtime.guardrails import guardrail_of
from runtime.messages import Rendered, SendClass, Sentence, State
from tests.unit.engine.world import bundle
from tests.unit.guardrails.test_guardrails import reply, rules, say, scene, stated

TOKEN = canary_of(bundle())
CYRILLIC = str.maketrans("aceo", "асео")
WIDE = {ord(c): chr(ord(c) + 0xFEE0) for c in "0123456789abcdef"}


@pytest.mark.parametrize(
    "parts",
    [
        (TOKEN,),
        (TOKEN[::-1],),
        (TOKEN.upper(),),
        (" ".join(TOKEN),),
        ("-".join(TOKEN),),
        (TOKEN.translate(CYRILLIC),),
        (TOKEN.translate(WIDE),),
        ("\u200b".join(TOKEN),),
        (base64.b64encode(TOKEN.encode()).decode(),),
        ("x" + base64.b64encode(TOKEN.encode()).decode(),),
        (base64.b32encode(TOKEN.encode()).decode(),),
        (TOKEN.encode().hex(),),
        (TOKEN[:8] + ".", TOKEN[8:] + "."),
        (f"It begins {TOKEN[:9]}.",),
        (f"It ends {TOKEN[-9:]}.",),
    ],
)
def test_the_canary_does_not_leave_in_any_dress(parts: tuple[str, ...]) -> None:
    split = tuple(say(text) for text in parts)
    assert "canary" in rules(reply(*split, vouched=frozenset(parts)))
    together = Rendered(sentences=tuple(part.sentences[0] for part in split))
    assert "canary" in rules(reply(together, vouched=frozenset(parts)))


def test_words_that_are_no_canary_pass() -> None:
    assert "canary" not in rules(reply(say("Good question, take your time."), canary=TOKEN))
    assert "canary" not in rules(reply(say(TOKEN), canary=""))


@pytest.mark.parametrize(
    ("slots", "text"),
    [
        ({"contact.given_name": "Samira"}, "Hello Samira."),
        ({"contact.given_name": "Samira"}, "Hello s a m i r a."),
        ({"contact.surname": "O'Neill"}, "Dear Ms Neill, hello."),
        ({"contact.name": "Jo Example"}, "Thanks, Jo."),
        ({"contact.phone": "+447700900123"}, "It ends 900123."),
        ({"contact.email": "sam@example.com"}, "I have sam@example.com down."),
    ],
)
def test_no_part_of_a_private_value_is_spoken(slots: dict[str, str], text: str) -> None:
    of = scene(slots=slots)
    found = {f.rule for f in review(reply(say(text), of=of, vouched=frozenset({text})))}
    assert found & {"personal-data/private-value", "personal-data/phone-or-card", "personal-data/email"}


@pytest.mark.parametrize(
    ("heard", "text", "rule"),
    [
        ("my PIN is 4921", "So 4921 it is.", "personal-data/digits"),
        ("card 4929 1234 5678 9012", "The one that ends 9012.", "personal-data/digits"),
        ("my plate is AB12 CDE", "Is AB12CDE yours?", "personal-data/plate"),
        ("I live at SW1A 1AA", "At sw1a 1aa then.", "personal-data/postcode"),
        ("my name is Zubeida", "Lovely to meet you, Zubeida.", "personal-data/name"),
        ("it is QQ 12 34 56 C", "Noted as QQ123456C.", "personal-data/national-insurance"),
        ("write to me at jo@example.com", "Writing to jo@example.com now.", "personal-data/email"),
    ],
)
def test_what_the_person_gave_is_not_given_back(heard: str, text: str, rule: str) -> None:
    of = scene(text=heard)
    assert rule in {f.rule for f in review(reply(say(text), of=of, vouched=frozenset({text})))}


@pytest.mark.parametrize("text", ["You called it a Volkswagen.", "You said “pay up”.", 'The "deal" then.'])
def test_nobody_is_quoted(text: str) -> None:
    of = scene(text="they sold me a volkswagen on finance")
    found = {f.rule for f in review(reply(say(text), of=of, vouched=frozenset({text})))}
    assert found & {"echo/repeats", "echo/quotes"}


@pytest.mark.parametrize(
    "text",
    ["Dziękuję bardzo.", "Dzien dobry, prosze pana.", "Merci pour votre message.", "Gracias por su mensaje.", "Diolch yn fawr.",
     "Hier ist die Antwort.", "Multumesc foarte mult.", "Это хорошо.", "شکریہ"],
)  # fmt: skip
def test_own_words_are_in_the_language_of_the_reply(text: str) -> None:
    found = {f.rule for f in review(reply(say(text), vouched=frozenset({text})))}
    assert found & {"language/script", "language/other"}


@pytest.mark.parametrize("text", ["Dziękuję bardzo.", "Good question."])
def test_own_words_that_no_check_can_read_are_blocked_whoever_vouches(text: str) -> None:
    of = scene().in_language("pl")
    assert "language/own-words" in {
        f.rule for f in review(reply(say(text), of=of, vouched=frozenset({text})))
    }


@pytest.mark.parametrize(
    "text", ["Shall we carry on with the claim?", "The link is still there.", "Back to your agreement."]
)
def test_nothing_is_sold_in_own_words_after_a_sign_of_danger(text: str) -> None:
    held = scene(holds=("danger_now",))
    assert "vulnerability/sells" in {
        f.rule for f in review(reply(say(text), of=held, vouched=frozenset({text})))
    }
    assert "vulnerability/sells" not in {f.rule for f in review(reply(say(text), vouched=frozenset({text})))}


def test_a_safety_line_is_approved_text_alone() -> None:
    text = "Good question."
    assert "vulnerability" in rules(reply(say(text), vouched=frozenset({text}), send_class=SendClass.SAFETY))


def filled(value: str, **changes: Any) -> set[str]:
    """What is found in the claim with a person's slot when it says `value` and the row says so too, unless changed."""
    of = scene(slots=changes.get("rows", {"consent.source_line": value}))
    claim = of.bundle.claims["T-F07"]
    sentence = Sentence(
        text=f"You wrote to us because {value}.", claim="T-F07", variant="full", digest=claim.digest
    )
    return {f.rule for f in review(reply(Rendered(sentences=(sentence,)), of=of))}


def test_a_slot_holds_what_the_row_says_and_nothing_else() -> None:
    assert filled("you asked us on 1 November 2026") == set()
    assert filled("we like you", rows={"consent.source_line": "you asked us"}) == {"registered-facts/wording"}
    assert filled("you asked us", rows={}) == {"registered-facts/wording"}


def test_who_speaks_is_never_taken_from_rows() -> None:
    claim = bundle().claims["T-D02"]
    of = scene(slots={"tenant.brand": "ANOTHER FIRM"})
    text = "ANOTHER FIRM is a trading name of EXAMPLE FIRM LTD."
    sentence = Sentence(text=text, claim="T-D02", variant="full", digest=claim.digest)
    found = {f.rule for f in review(reply(Rendered(sentences=(sentence,)), of=of))}
    assert "registered-facts/wording" in found


def test_a_place_is_counted_through_all_messages_of_a_reply() -> None:
    first = stated(State(id="T-F02"))[0]
    text = "You are entitled to it."
    whole = reply(first, say(text), vouched=frozenset({text}))
    places = {whole.text[f.start : f.end] for f in review(whole) if guardrail_of(f.rule) == "prohibited"}
    assert places == {"entitled to"}


def test_a_text_that_cites_is_judged_by_its_own_words_alone() -> None:
    cited = "You can complain to your lender yourself, for free."
    assert not [f for f in review_text(cited, bundle(), ("T-D04",)) if f.severity == "block"]
    reversed_ = "You can't complain to your lender yourself, for free."
    assert "registered-facts/turned-round" in {f.rule for f in review_text(reversed_, bundle(), ("T-D04",))}
