"""How a reply came about, told from its audit entry: every rung, every call, every answer of the second opinion."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.web.desk.how import how

BODY: dict[str, Any] = {
    "verdict": {
        "signals": [{"category": "price_question", "pattern": "PRICE-1", "reading": "leet", "start": 0, "end": 4}],
        "stop": None,
    },
    "reason": "model",
    "rung": "fallback",
    "provider": "openai",
    "model": "example-mini",
    "route": {"route": "simple", "rule": "clear-winner"},
    "candidates": [["DD-D06", "0.812"], ["DD-D04", "0.401"]],
    "moves": [{"say": "Good question."}, {"claim": "DD-D04", "variant": "short"}, {"offer": ["DD-F01", "DD-F02"]}],
    "attempts": [
        {
            "rung": "primary",
            "result": "blocked",
            "findings": [
                {"rule": "no-amounts/currency", "message": "an amount", "severity": "block", "start": 4, "end": 9}
            ],
        }
    ],
    "asks": [
        {"purpose": "draft", "rung": "primary", "provider": "anthropic", "model": "example-1", "result": "server_error",
         "latency_ms": 320},
        {"purpose": "draft", "rung": "fallback", "provider": "openai", "model": "example-mini", "result": "answered",
         "latency_ms": 700, "tokens_in": 1500, "tokens_out": 60, "cached_tokens": 1200, "cost_micropence": 18_300},
    ],
    "checked": [
        {"say": "Good question.", "allowed": True, "answers": {"promises": "no"}, "provider": "gemini", "model": "m"},
        {"say": "You'll win.", "allowed": False, "answers": {"promises": "yes"}},
    ],
    "prompt": {"system_sha256": "ab" * 32, "turn": "data: what does it cost", "tokens": 1480},
    "alerts": ["claim_search_down"],
    "cost_micropence": 20_000,
    "latency_ms": 1140,
}  # fmt: skip


def told() -> Any:
    found = how(BODY)
    assert found is not None
    return found


def test_it_says_by_what_and_why_the_reply_was_chosen_and_by_which_route() -> None:
    assert told().chosen == "by the second model, openai example-mini: its moves passed every check"
    assert told().route == "Simple: the cheap model first, by rule clear-winner"
    assert told().candidates == ("DD-D06 0.812", "DD-D04 0.401")
    assert told().screened == ("price question by PRICE-1, in the leet reading",)


def test_the_models_moves_are_told_one_by_one() -> None:
    assert told().moves == ("say “Good question.”", "claim DD-D04 short", "offer DD-F01, DD-F02")


def test_what_each_rung_did_is_told_with_the_rule_and_place_of_each_finding() -> None:
    (rung,) = told().rungs
    (found,) = rung.findings
    assert (rung.name, rung.came_to) == ("the first model", "blocked")
    assert (found.rule, found.where, found.tone) == ("no-amounts/currency", "4–9", "danger")


def test_every_call_is_told_with_what_it_took() -> None:
    first, second = told().asks
    assert (first.what, first.came_to, first.tone) == ("Draft, the first model", "server error", "hold")
    assert first.figures == "0.3 s"
    assert second.tone == "ok"
    assert second.figures == "0.7 s, 1,500 tokens in (1,200 from the cache), 60 out, 0.0183p"


def test_the_second_opinion_is_told_sentence_by_sentence() -> None:
    allowed, refused = told().checked
    assert (allowed.allowed, allowed.by, allowed.answers) == (True, "gemini m", ("promises: no",))
    assert (refused.say, refused.allowed) == ("You'll win.", False)


def test_the_prompt_is_shown_and_its_fixed_part_named() -> None:
    assert (told().prompt_digest, told().prompt_size) == ("ab" * 32, "about 1,480 tokens")
    assert told().prompt == "data: what does it cost"
    assert told().spent == "0.0200p, 1.1 s for the whole turn"


def test_an_entry_that_can_no_longer_be_read_tells_nothing() -> None:
    assert how({}) is None


@pytest.mark.parametrize("key", sorted(BODY))
@pytest.mark.parametrize("wrong", [None, "x", 7, [], {}, [None, 3], {"a": []}])
def test_an_entry_of_another_version_is_told_as_far_as_it_goes(key: str, wrong: Any) -> None:
    assert how({**BODY, key: wrong}) is not None
    assert how({k: v for k, v in BODY.items() if k != key}) is not None
