"""The brain of the models' server reads our own prompts and answers them sensibly."""

from __future__ import annotations

import json

from drills.sandbox.brain import Sensible, claims_of, heard
from drills.sandbox.models_wire import Asked
from runtime.engine.checking import judged, questionnaire
from runtime.engine.compose import MOVES_SCHEMA
from runtime.models.shape import fits
from runtime.ports import Prompt

SYSTEM = """You are Dave.

Claims:
DD-F01 (fact): Car finance sold with a hidden commission is being looked into by the regulator.
DD-D04 (disclosure, when: before_any_link): You can complain to your lender yourself, for free.
DD-Q01 (question): When did you take out the finance?"""


def asked(system: str, turn: str, schema: dict[str, object] | None = None) -> Asked:
    return Asked(
        provider="openai",
        kind="chat",
        model="m",
        system=system,
        turn=turn,
        schema=schema or {},
        body=b"",
        path="/",
        headers={},
    )


def test_it_states_the_listed_claim_that_shares_most_words_with_what_the_person_wrote() -> None:
    turn = "Reply in: en-GB\n<<data\nperson: hi\nus: DD-F01\n--\nperson: can I complain to the lender myself free\ndata>>"
    answer = Sensible()(asked(SYSTEM, turn))
    assert answer["moves"][-1] == {"claim": "DD-D04", "variant": "full"}
    assert answer["language"] == "en-GB"


def test_it_hands_off_when_no_listed_claim_has_anything_to_do_with_it() -> None:
    answer = Sensible()(asked(SYSTEM, "Reply in: cy\n<<data\nperson: what colour is the moon\ndata>>"))
    assert answer == {"moves": [{"handoff": "unclear"}], "language": "cy"}


def test_it_reads_every_claim_a_prompt_lists_and_the_words_after_our_own_last_line() -> None:
    assert set(claims_of(asked(SYSTEM, ""))) == {"DD-F01", "DD-D04", "DD-Q01"}
    assert heard("<<data\nperson: first\nus: DD-F01\nperson: second\ndata>>") == "second"


def test_it_answers_the_checkers_questionnaire_so_that_only_harmless_sentences_pass() -> None:
    says = ("Thanks for asking.", "You will definitely get 4,000 pounds today.")
    prompt = questionnaire(says, ("hello",), canary="0123456789abcdef")
    answer = Sensible()(_of(prompt))
    assert [each.allowed for each in judged(json.dumps(answer), says)] == [True, False]


def _of(prompt: Prompt) -> Asked:
    return asked(prompt.system, prompt.turn, dict(prompt.schema))


def test_what_it_drafts_and_checks_is_of_the_shape_our_prompts_ask_for() -> None:
    for words in ("can I complain to the lender myself", "what colour is the moon"):
        draft = Sensible()(asked(SYSTEM, f"Reply in: en-GB\n<<data\n--\nperson: {words}\ndata>>"))
        assert fits(json.dumps(draft), MOVES_SCHEMA)
    prompt = questionnaire(("Thanks for asking.",), ("hello",), canary="0123456789abcdef")
    assert fits(json.dumps(Sensible()(_of(prompt))), prompt.schema)
