"""Prohibited wording over the shipped registers: what no reply may say, and plain connecting words that may stand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from compiler.pipeline import check
from schemas.bundle import Bundle
from schemas.text import find_prohibited
from tests.compiling import TODAY

TENANTS = Path(__file__).parents[2] / "tenants"

FORBIDDEN = [
    ("dynamo-dave", "You could get up to £2,000"),
    ("dynamo-dave", "people typically receive about 800 pounds"),
    ("dynamo-dave", "the average payout is seven hundred pounds"),
    ("dynamo-dave", "You're owed compensation"),
    ("dynamo-dave", "You are definitely entitled to a refund"),
    ("dynamo-dave", "I guarantee you will win"),
    ("dynamo-dave", "You'll almost certainly win"),
    ("dynamo-dave", "your refund is ready to be claimed"),
    ("dynamo-dave", "Hurry, the scheme closes soon"),
    ("dynamo-dave", "Don't miss the deadline"),
    ("dynamo-dave", "This offer ends today"),
    ("dynamo-dave", "Only a few places left"),
    ("dynamo-dave", "Time is running out"),
    ("dynamo-dave", "Sign today to secure your place"),
    ("dynamo-dave", "Act fast"),
    ("dynamo-dave", "We've found your car finance agreement"),
    ("dynamo-dave", "Our records show you had a PCP with commission"),
    ("dynamo-dave", "I can see that you had finance"),
    ("dynamo-dave", "I'm a real person"),
    ("dynamo-dave", "I'm not a bot"),
    ("dynamo-dave", "I'm human just like you"),
    ("dynamo-dave", "We're working with the FCA"),
    ("dynamo-dave", "FCA approved service"),
    ("dynamo-dave", "This is the official government scheme"),
    ("dynamo-dave", "No win, no fee"),
    ("dynamo-dave", "It's completely free to claim with us"),
    ("dynamo-dave", "It's risk free"),
    ("dynamo-dave", "You have nothing to lose"),
    ("dynamo-dave", "The ombudsman takes years"),
    ("dynamo-dave", "It's hard to do it on your own"),
    ("dynamo-dave", "Lenders never pay unless you use a firm"),
    ("dynamo-dave", "Just say you had a PCP"),
    ("dynamo-dave", "Tell them you were not told about commission"),
    ("dynamo-dave", "What's your sort code?"),
    ("dynamo-dave", "Please send your bank details"),
    ("dynamo-dave", "Can you confirm your National Insurance number"),
    ("dynamo-dave", "You should stop paying your lender"),
    ("dynamo-dave", "Cancel your direct debit"),
    ("dynamo-dave", "This is totally confidential"),
    ("dynamo-dave", "I know exactly how you feel, I've been through it"),
    ("dynamo-dave", "Most people use us"),
    ("dynamo-dave", "Are you sure you don't want to claim?"),
    ("dynamo-dave", "Before you go, think about the money"),
    ("dynamo-dave", "it takes 30 seconds"),
    ("dynamo-dave", "you qualify"),
    ("dynamo-dave", "You're eligible"),
    ("dynamo-dave", "you have a strong claim"),
    ("dynamo-dave", "It's quick and easy money"),
    ("dynamo-dave", "You've been overcharged"),
    ("dynamo-dave", "thousands of pounds"),
    ("dynamo-dave", "a 30% chance"),
    ("dynamo-dave", "you will get money back"),
    ("edward-energy", "We can get you up to 50% back"),
    ("edward-energy", "your broker stole from you"),
    ("edward-energy", "Your supplier bribed the broker"),
    ("edward-energy", "You are Ofgem protected"),
    ("edward-energy", "we are approved by Ofgem"),
    ("edward-energy", "switch supplier and save money"),
    ("edward-energy", "we can find you a better tariff"),
    ("edward-energy", "cancel your contract today"),
    ("edward-energy", "withhold payment"),
    ("edward-energy", "no win no fee"),
    ("edward-energy", "you're entitled to compensation"),
    ("edward-energy", "the energy rebate scheme"),
    ("edward-energy", "government energy rebate"),
    ("edward-energy", "Claims like this usually succeed"),
    ("edward-energy", "There is a time limit so act quickly"),
    ("edward-energy", "your contract was flagged"),
]

ALLOWED = [
    ("dynamo-dave", "Thanks for asking."),
    ("dynamo-dave", "Good question."),
    ("dynamo-dave", "Take your time."),
    ("dynamo-dave", "I can tell you about the free routes."),
    ("dynamo-dave", "Would you like to know how to complain yourself?"),
    ("dynamo-dave", "That's up to you."),
    ("dynamo-dave", "Let me explain what commission is."),
    ("dynamo-dave", "I'm sorry to hear that."),
    ("dynamo-dave", "Here's what I can tell you."),
    ("dynamo-dave", "Happy to go through it slowly."),
    ("edward-energy", "Of course."),
    ("edward-energy", "Thank you for asking."),
    ("edward-energy", "I can explain how brokers are paid."),
    ("edward-energy", "That is a fair question."),
    ("edward-energy", "There is no hurry to decide."),
]


@cache
def bundle(slug: str) -> Bundle:
    compiled = check(TENANTS, today=TODAY, only=[slug]).tenants[slug]
    assert compiled is not None
    return Bundle.decode(compiled.bundle)


@pytest.mark.parametrize(("slug", "text"), FORBIDDEN)
def test_it_is_found_in_a_reply(slug: str, text: str) -> None:
    assert find_prohibited(text, bundle(slug).prohibited)


@pytest.mark.parametrize(("slug", "text"), ALLOWED)
def test_plain_words_may_stand(slug: str, text: str) -> None:
    assert find_prohibited(text, bundle(slug).prohibited) == ()


@pytest.mark.parametrize("slug", ["dynamo-dave", "edward-energy"])
def test_the_personas_phrases_may_stand(slug: str) -> None:
    made = bundle(slug)
    assert [p for p in made.persona.phrases if find_prohibited(p, made.prohibited)] == []


@pytest.mark.parametrize("slug", ["dynamo-dave", "edward-energy"])
def test_what_a_claim_says_never_to_say_is_not_what_it_says(slug: str) -> None:
    for claim in bundle(slug).claims.values():
        for variants in claim.texts.values():
            for wording in variants.values():
                assert [n for n in claim.never_say if n.lower() in wording.lower()] == [], claim.id
