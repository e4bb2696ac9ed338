"""A model's answer is moves over known ids, or it is refused with a rule and a place; nothing else ever comes of it."""

from __future__ import annotations

import base64
import codecs
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.engine.compose import MOVES_SCHEMA
from runtime.engine.leak import canary_of
from runtime.engine.parse import DraftRefused, parse_moves
from runtime.engine.scene import Scene, scene_of
from runtime.engine.screen import screen
from runtime.engine.wordings import is_phrase
from runtime.messages import Act, Ask, Choose, GiveLink, HandOff, Offer, Say, State, Tell
from tests.unit.engine.world import NOW, bundle, claim, turn, with_claims


def scene(**changes: Any) -> Scene:
    of = turn("hello there", **changes)
    return scene_of(of, screen(of))


def said(*moves: Any, language: str = "en-GB") -> str:
    return json.dumps({"moves": list(moves), "language": language})


def rules(answer: str, of: Scene | None = None) -> list[str]:
    with pytest.raises(DraftRefused) as refused:
        parse_moves(answer, of or scene())
    for finding in refused.value.findings:
        assert finding.severity == "block"
        assert 0 <= finding.start <= finding.end <= len(answer)
    return [finding.rule for finding in refused.value.findings]


# ---- what is right ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("move", "read"),
    [
        ({"say": "Happy to help."}, Say(text="Happy to help.")),
        ({"claim": "T-F01"}, State(id="T-F01")),
        ({"claim": "T-F01", "variant": "short"}, State(id="T-F01", variant="short")),
        ({"ask": "T-Q01"}, Ask(id="T-Q01")),
        ({"offer": ["T-F03", "T-F04"]}, Offer(ids=("T-F03", "T-F04"))),
        ({"link": "form"}, GiveLink(id="form")),
        ({"tell": "T-F07", "slots": {"consent.source_line": "I made this up"}},
         Tell(template="T-F07", slots={"consent.source_line": ""})),
        ({"act": "book"}, Act(what="book")),
        ({"handoff": "upset"}, HandOff(reason="model:upset")),
        ({"handoff": "because Sam Example of EXAMPLE said so"}, HandOff(reason="model")),
    ],
    ids=str,
)  # fmt: skip
def test_every_move_there_is_can_be_read(move: Any, read: Any) -> None:
    assert parse_moves(said(move), scene()) == ((read,), "en-GB")


def test_options_are_chosen_from_the_question_asked_before_them() -> None:
    read, _ = parse_moves(said({"ask": "T-Q01"}, {"choose": ["Yes", "No"]}), scene())
    assert read == (Ask(id="T-Q01"), Choose(options=("Yes", "No")))


def test_a_variant_that_this_claim_has_not_is_said_in_full() -> None:
    assert parse_moves(said({"claim": "T-F02", "variant": "answer"}), scene())[0] == (State(id="T-F02"),)


def test_an_approved_phrase_is_known_however_it_is_typed() -> None:
    assert is_phrase(" good question! ", bundle())
    assert not is_phrase("Good questions.", bundle())
    assert parse_moves(said({"say": "Good question."}), scene())[0] == (Say(text="Good question."),)


# ---- what is wrong -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ("", "draft/not-json"),
        ("null", "draft/shape"),
        ("[]", "draft/shape"),
        ("<html>502</html>", "draft/not-json"),
        ('Sure! {"moves": [], "language": "en"}', "draft/not-json"),
        ('```json\n{"moves": [{"silence": true}], "language": "en"}\n```', "draft/not-json"),
        ('{"moves": [{"claim": "T-F02"}], "lang', "draft/not-json"),
        ('{"moves": [], "language": "en"}', "draft/shape"),
        ('{"moves": {"claim": "T-F02"}, "language": "en"}', "draft/shape"),
        ('{"moves": [{"claim": "T-F02"}]}', "draft/shape"),
        ('{"moves": [{"claim": "T-F02"}], "language": "en", "text": "It is 30%"}', "draft/shape"),
        ('{"moves": [{"claim": "T-F02"}], "language": ["en"]}', "draft/shape"),
        ('{"moves": [{"claim": "T-F02", "claim": "T-D06"}], "language": "en"}', "draft/duplicate-key"),
        ('{"moves": [{"claim": "T-F02"}], "moves": [{"silence": true}], "language": "en"}', "draft/duplicate-key"),
        ('{"moves": [{"claim": NaN}], "language": "en"}', "draft/number"),
        ('{"moves": [{"claim": -Infinity}], "language": "en"}', "draft/number"),
        ('{"moves": [{"claim": 1e999}], "language": "en"}', "draft/number"),
        ('{"moves": [{"claim": ' + "9" * 5000 + '}], "language": "en"}', "draft/number"),
        ("[" * 7_000, "draft/too-deep"),
        ('{"moves": ' + "[" * 3_000, "draft/too-deep"),
        ('{"a":' * 1_000, "draft/too-deep"),
        ('{"moves": [' + '{"silence": true},' * 7_000, "draft/too-long"),
        (said(*[{"claim": "T-F02"}] * 200), "draft/too-many-moves"),
        (said(*[{"claim": "T-F02"}] * 9), "draft/too-many-moves"),
        (said({"dance": "T-F02"}), "draft/unknown-move"),
        (said("T-F02"), "draft/unknown-move"),
        (said(["claim", "T-F02"]), "draft/unknown-move"),
        (said({}), "draft/unknown-move"),
        (said({"claim": "T-F02", "text": "30%"}), "draft/unknown-move"),
        (said({"claim": ["T-F02"]}), "draft/unknown-move"),
        (said({"claim": None}), "draft/unknown-move"),
        (said({"silence": False}), "draft/unknown-move"),
        (said({"silence": "true"}), "draft/unknown-move"),
        (said({"act": "pay"}), "draft/unknown-move"),
        (said({"choose": []}), "draft/unknown-move"),
        (said({"choose": ["Yes", {"claim": "T-F02"}]}), "draft/unknown-move"),
        (said({"claim": "T-F02", "say": "x"}), "draft/unknown-move"),
        (said({"claim": "NOPE"}), "draft/unknown-claim"),
        (said({"claim": "t-f02"}), "draft/unknown-claim"),
        (said({"claim": "T-F02 "}), "draft/unknown-claim"),
        (said({"claim": "DD-D04"}), "draft/unknown-claim"),
        (said({"ask": "NOPE"}), "draft/unknown-claim"),
        (said({"tell": "NOPE"}), "draft/unknown-claim"),
        (said({"offer": ["T-F03", "NOPE"]}), "draft/unknown-claim"),
        (said({"claim": "T-F06"}), "draft/not-sayable"),
        (said({"claim": "T-F05"}), "draft/not-sayable"),
        (said({"ask": "T-F02"}), "draft/not-a-question"),
        (said({"link": "elsewhere"}), "draft/unknown-link"),
        (said({"link": "https://example.org"}), "draft/unknown-link"),
        (said({"claim": "T-F02", "variant": "loud"}), "draft/unknown-variant"),
        (said({"claim": "T-F02", "variant": 3}), "draft/number"),
        (said({"claim": "T-F02", "variant": None}), "draft/unknown-variant"),
        (said({"tell": "T-F07", "slots": {"contact.phone": "1"}}), "draft/unknown-slot"),
        (said({"tell": "T-F07", "slots": "x"}), "draft/unknown-slot"),
        (said({"offer": ["T-F03"]}), "draft/offer"),
        (said({"offer": ["T-F03", "T-F03"]}), "draft/offer"),
        (said({"offer": ["T-F03", "T-F04", "T-D04", "T-D06"]}), "draft/offer"),
        (said({"offer": [["T-F03"], "T-F04"]}), "draft/offer"),
        (said({"claim": "T-F02"}, language="fr"), "draft/language"),
        (said({"claim": "T-F02"}, language=""), "draft/language"),
        (said({"say": "a."}, {"say": "b."}, {"say": "c."}), "draft/too-many-says"),
        (said({"ask": "T-Q01"}, {"ask": "T-Q03"}), "draft/two-questions"),
        (said({"ask": "T-Q01"}, {"offer": ["T-F03", "T-F04"]}), "draft/two-questions"),
        (said({"choose": ["Yes", "No"]}), "draft/choose"),
        (said({"choose": ["Yes"]}, {"ask": "T-Q01"}), "draft/choose"),
        (said({"ask": "T-Q01"}, {"choose": ["Yes, pay me"]}), "draft/choose"),
        (said({"claim": "T-F02"}, {"choose": ["Yes"]}), "draft/choose"),
        (said({"say": "The Supreme Court"}, {"say": "ruled on it."}), "draft/say-holds-claim"),
        (said({"silence": True}, {"claim": "T-F02"}), "draft/silence"),
        (said({"silence": True}), "draft/silence"),
        (said({"say": ""}), "draft/say-empty"),
        (said({"say": " \u200b\u2060 "}), "draft/say-empty"),
        (said({"say": "so " * 60}), "draft/say-long"),
        ('{"moves": [{"say": "half \\ud83d"}], "language": "en"}', "draft/unreadable"),
        ('{"moves": [{"say": "half \ud83d"}], "language": "en"}', "draft/unreadable"),
        (said({"say": "Happy to\x00 help."}), "draft/unreadable"),
        (said({"say": "Happy to\x1b[2J help."}), "draft/unreadable"),
        (said({"claim": "T-F02\x00"}), "draft/unreadable"),
        (said({"claim": "T-F02"}, language="en-\udc00"), "draft/unreadable"),
        (said({"claim": "T-F02"}, language="en-\x00"), "draft/unreadable"),
        (said({"ask": "T-Q01"}, {"choose": ["Yes\ud800"]}), "draft/unreadable"),
        (said({"\ud800": "T-F02"}), "draft/unknown-move"),
        (said({"claim": "T-F02", "\x00": "full"}), "draft/unknown-move"),
        (said({"say": '{"claim": "X"}'}), "draft/say-markup"),
        (said({"say": "data>> now"}), "draft/say-markup"),
        (said({"say": "See [here]."}), "draft/say-markup"),
        (said({"say": "One line\nand another."}), "draft/say-markup"),
        (said({"say": "As T-D06 says."}), "draft/say-holds-id"),
        (said({"say": "As t d06 says."}), "draft/say-holds-id"),
        (said({"say": "Rule T-X02 forbids it."}), "draft/say-holds-id"),
        (said({"say": "The Supreme Court ruled on 1 August 2025."}), "draft/say-holds-claim"),
        (said({"say": "Well, some car finance agreements involved commission, yes."}), "draft/say-holds-claim"),
        (said({"say": "You can complain to your lender yourself, for a fee."}), "draft/say-holds-claim"),
        (said({"say": "YOU CAN COMPLAIN TO YOUR LENDER"}), "draft/say-holds-claim"),
    ],
    ids=lambda value: str(value)[:50],
)  # fmt: skip
def test_whatever_is_not_exactly_right_is_refused_by_its_rule(answer: str, rule: str) -> None:
    assert rule in rules(answer)


def test_every_fault_of_a_draft_is_named_at_once_and_shown_where_it_stands() -> None:
    answer = said({"claim": "NOPE"}, {"claim": "T-F06"}, {"say": "See T-D06."}, language="fr")
    with pytest.raises(DraftRefused) as refused:
        parse_moves(answer, scene())
    found = {f.rule: answer[f.start : f.end] for f in refused.value.findings}
    assert found == {
        "draft/language": "fr",
        "draft/unknown-claim": "NOPE",
        "draft/not-sayable": "T-F06",
        "draft/say-holds-id": "See T-D06.",
    }


def test_a_claim_that_may_not_be_said_now_says_why_and_an_unknown_one_quotes_nothing() -> None:
    gone = claim("T-F09", "Withdrawn words.")
    foreign = claim("T-F10", "Słowa po polsku.", language="pl")
    late = claim("T-F11", "Not yet.", effective="2027-01-01")
    of = scene(active=with_claims(gone, foreign, late), withdrawn=frozenset({gone["digest"]}))
    reasons = {}
    for claim_id in ("T-F06", "T-F09", "T-F10", "T-F11", "T-F05", "Sam Example, 07700 900123"):
        with pytest.raises(DraftRefused) as refused:
            parse_moves(said({"claim": claim_id}), of)
        reasons[claim_id] = refused.value.findings[0].message
    assert reasons == {
        "T-F06": "T-F06: expired on 2026-11-24",
        "T-F09": "T-F09: withdrawn",
        "T-F10": "T-F10: no approved wording in en-GB",
        "T-F11": "T-F11: not effective before 2027-01-01",
        "T-F05": "T-F05: not for whatsapp_360dialog",
        "Sam Example, 07700 900123": "an id that this bundle does not hold",
    }


@pytest.mark.parametrize(
    "disguise",
    [
        str,
        str.upper,
        lambda c: c[::-1],
        " ".join,
        "-".join,
        lambda c: c[:8] + '"}, {"say": "' + c[8:],
        lambda c: base64.b64encode(c.encode()).decode(),
        lambda c: c.encode().hex(),
        lambda c: codecs.encode(c, "rot13"),
    ],
    ids=["plain", "capitals", "backwards", "spaced", "dashed", "cut", "base64", "hex", "rot13"],
)
def test_an_answer_that_holds_the_secret_mark_is_known_as_a_leak(disguise: Any) -> None:
    token = disguise(canary_of(bundle()))
    answer = '{"moves": [{"say": "' + token + '"}], "language": "en"}'
    with pytest.raises(DraftRefused) as refused:
        parse_moves(answer, scene())
    assert refused.value.leaked
    assert canary_of(bundle()) not in str(refused.value)


def test_the_secret_mark_is_found_behind_escapes_too() -> None:
    escaped = "".join(f"\\u{ord(c):04x}" for c in canary_of(bundle()))
    with pytest.raises(DraftRefused) as refused:
        parse_moves('{"moves": [{"handoff": "' + escaped + '"}], "language": "en"}', scene())
    assert refused.value.leaked


def test_a_claim_whose_text_looks_like_a_move_is_text() -> None:
    text = '{"claim": "T-D06"} or {"silence": true}'
    of = scene(active=with_claims(claim("T-F12", text)))
    assert parse_moves(said({"claim": "T-F12"}), of)[0] == (State(id="T-F12"),)
    assert "draft/say-markup" in rules(said({"say": text}), of)


# ---- whatever a model returns ----------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters(codec=None), max_size=30)
    | st.sampled_from(["T-F02", "T-F06", "T-Q01", "form", "en-GB", "fr", "Yes"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["moves", "language", "say", "claim", "variant", "ask", "offer", "link", "tell", "slots", "choose", "x"]),
        inner, max_size=3,
    ),
    max_leaves=12,
)  # fmt: skip


def _either(answer: str) -> None:
    try:
        moves, _ = parse_moves(answer, scene(now=NOW))
    except DraftRefused as refused:
        assert refused.findings
        assert all(
            f.rule.startswith("draft/") and 0 <= f.start <= f.end <= len(answer) for f in refused.findings
        )
    else:
        assert 0 < len(moves) <= 8


@settings(max_examples=200, deadline=None)
@given(_JSON, st.booleans())
def test_any_json_is_read_or_refused(document: Any, wrapped: bool) -> None:
    _either(json.dumps({"moves": [document], "language": "en"} if wrapped else document))


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_any_text_is_read_or_refused(answer: str) -> None:
    _either(answer)


@pytest.mark.parametrize("when", ["opt_out", "handoff", "outage", "on_signal", "quiet_hours"])
def test_a_line_that_announces_something_is_no_models_to_say(when: str) -> None:
    of = scene(active=with_claims(claim("T-L99", "Done. It is all stopped now.", kind="line", when=when)))

    assert rules(said({"say": "I hear you."}, {"claim": "T-L99"}), of) == ["draft/line-with-an-effect"]


# ---- the schema ------------------------------------------------------------------------------------------------------------


def _objects(schema: Any) -> list[Any]:
    inner = [schema.get("items"), *schema.get("anyOf", ()), *schema.get("properties", {}).values()]
    found = [o for each in inner if isinstance(each, dict) for o in _objects(each)]
    return [schema, *found] if schema.get("type") == "object" else found


def test_the_schema_keeps_to_what_all_three_strict_modes_take() -> None:
    """OpenAI: a plain object at the root, all required, nothing further, branches that differ in their first key. Anthropic: no
    lengths and ranges. Gemini: no oneOf, enums of texts only."""
    assert MOVES_SCHEMA["type"] == "object"
    assert "anyOf" not in MOVES_SCHEMA
    for each in _objects(MOVES_SCHEMA):
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])
    branches = MOVES_SCHEMA["properties"]["moves"]["items"]["anyOf"]
    assert len({next(iter(b["properties"])) for b in branches}) == len(branches)
    text = json.dumps(MOVES_SCHEMA)
    assert not [
        k
        for k in ("oneOf", "allOf", "minItems", "maxItems", "maxLength", "pattern", "const", "$ref")
        if f'"{k}"' in text
    ]


def test_every_move_of_the_schema_is_one_that_is_read() -> None:
    examples: dict[str, Any] = {
        "say": "Happy to help.", "claim": "T-F02", "ask": "T-Q01", "offer": ["T-F03", "T-F04"], "link": "form",
        "handoff": "upset",
    }  # fmt: skip
    for branch in MOVES_SCHEMA["properties"]["moves"]["items"]["anyOf"]:
        first, *rest = branch["properties"]
        move = {first: examples[first], **{key: branch["properties"][key]["enum"][0] for key in rest}}
        assert len(parse_moves(said(move), scene())[0]) == 1
