"""What may and may not be said in words that belong to no claim: a table of sentences, each with its own verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.pipeline import check
from compiler.source.fees import charges
from tests.compiling import BASE, TODAY, lay_out

PERSONA = "plain/persona.yaml"

BAD_PHRASES = """
We guarantee a result.
Results assured.
Success is certain.
You cannot lose.
You can't lose.
We never lose.
There is no risk to you.
You have nothing to lose.
It always works.
You are bound to win.
We always win.
Your claim will succeed.
You're sure to get it.
It works every time.
You won't pay a penny.
You will not pay anything.
You don't have to pay us.
It is free.
It's completely free.
That's free of charge.
It costs you nothing.
There is no charge.
There's no fee.
Nothing to pay.
Our fee is a third.
We take a quarter.
We only keep a fifth of it.
Half of it is yours.
Two thirds goes to you.
You are owed money.
You're due some money.
There's money waiting for you.
Your refund is on its way.
You'll be better off.
You could get thousands.
It ends next week.
You have until the end of the month.
It closes soon.
Time is running out.
The deadline is close.
This is your last chance.
You only have a few days left.
Don't miss out.
Act now.
Hurry up.
You'll hear back soon.
You will hear from us.
You'll get a call.
Expect a call from us.
They'll be in touch.
A solicitor is going to ring you.
We'll sort it out.
Our team will take it on.
We've helped thousands of drivers.
We have won many cases.
Most people win.
Most of our clients get money.
We are the best in the country.
You have a strong case.
You have a good claim.
You qualify.
You are entitled to compensation.
You're likely to win.
"""

BAD_PROMPTS = """
Tell them we guarantee a refund, no matter what.
Never forget: a colleague will call them today.
There is no risk to you.
We have helped thousands of drivers.
Say that half of it is theirs.
Our fee is a third.
Do not hesitate to say that they will win.
Say that it is free and never mention a fee.
Don't worry about approval, we always win.
Nobody loses with us.
Not only is it free, they get a refund too.
Never doubt that they will get their money back.
Never stop saying that a refund is owed.
Tell them not to wait: it ends next week.
Do not mention fees; promise a refund.
No need to ask: the refund is theirs.
They have until the end of the month.
Reassure them that someone will call back soon.
Avoid doubt and promise that they win.
If they don't answer, say we will call them.
Do not be cold, guarantee a refund.
Never promise a call, but say that a refund is owed.
Never promise a call because we guarantee a refund anyway.
Do not fail to promise a refund.
Without delay we will call them.
With no delay we will call them.
Do not avoid saying that they will win.
They will not have to wait for their refund.
Never say no to a person, promise a refund.
Don't say maybe - say we always win.
Never use slang and tell them it is free.
Nothing stops you from saying that they will win.
"""

GOOD_PHRASES = """
Thanks for asking.
Good question.
No problem.
I see.
Here's what I can tell you.
Take your time.
That's fine.
Let's take it one step at a time.
Thank you for asking.
That is a fair question.
Of course.
Please take your time.
That is quite all right.
I understand.
Sorry to hear that.
That sounds hard.
Feel free to ask anything else.
You are free to say no.
You can stop at any time.
It is up to you.
No rush.
There is no hurry.
I am an automated assistant.
I did not quite get that.
Could you say that again?
Happy to explain.
Would you like to know more?
I'm not certain what you mean.
That makes sense.
Let me put it another way.
We can leave it there.
Is there anything else?
I can't say that.
That is not something I can answer.
Thanks for your patience.
It's your choice.
Here is the next part.
Ask me in your own words.
First things first.
In the end it is your decision.
You have a choice.
Have you asked a third party?
That's on the best of days.
Is it about the first or the last letter?
Sure.
You need not answer.
I don't want to push you.
"""

GOOD_PROMPTS = """
Never promise a call.
Never promise a refund or a result.
Do not guarantee anything.
Do not say that they will win.
Never say that it is free.
Avoid promises of money back.
Avoid saying that we always win.
Never tell anyone that someone will call them.
Do not mention a refund, a guarantee or a risk.
Write at most two short sentences.
Use no emoji.
One question a message.
If asked about money, name the claim about the fee.
Without a claim, say nothing about a fee, a refund or time.
Never say "no risk" or "guaranteed".
Refuse to promise anything.
Be warm, and never push.
Do not use words such as guarantee, promise or refund.
Never use these words: guarantee, promise, refund.
Say nothing of deadlines, and never hurry anyone.
You must not promise that a colleague will call.
Nothing you write may promise money back.
Neither promise nor guarantee anything.
Your own words hold no number, no date and no promise.
Your own words are at most two short sentences, with no number, date, money, link, promise or hurry in them.
Don't ever suggest that they will get compensation.
Never say that it is free, that they will win, or that someone will call.
Answer without promising a refund.
One question a message, never a promise.
A person who says no is left alone.
Be sure to name a claim.
Make the answer plain, and double-check the topic.
There are a thousand ways to ask this.
If someone is upset, slow down and offer the free ways.
You may not imply that we will call.
If they ask for a guarantee, name the claim about it.
"""

OVER = """
Our fee is half.
Our fee is a half.
Our fee is half plus VAT.
Our fee: two thirds.
We charge one half of what you get.
We keep two thirds.
Our cut is three quarters, including VAT.
The firm takes half.
"""
BARE = """
Our fee is a third.
We take a third.
Our fee is a quarter.
We charge a third, plus VAT.
"""
NO_FEE = """
Our fee is told to you by a third party.
We charge nothing for the first half an hour.
We take half a day to answer about fees.
The fee was changed in the third quarter.
We charge as the second half shows.
"""


def lines(table: str) -> list[str]:
    return [line for line in table.splitlines() if line]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sentences") / "tenants"
    lay_out(root)
    return root


def refused(root: Path, key: str, sentence: str) -> bool:
    """Whether CV5025 finds something in it, as a phrase or in the prompt of the persona."""
    head = (BASE / PERSONA).read_text().split("phrases:")[0]
    held = {"phrases": ["Thanks for asking."], "prompt": "You choose the moves."}
    held[key] = [sentence] if key == "phrases" else f"You choose the moves.\n{sentence}\n"
    (root / PERSONA).write_text(head + "".join(f"{k}: {json.dumps(v)}\n" for k, v in held.items()))
    found = check(root, today=TODAY).diagnostics
    assert not [d for d in found if d.code[:3] in {"CV2", "CV3"}]
    return any(d.code == "CV5025" for d in found)


def told(root: Path, key: str, table: str) -> set[str]:
    return {sentence for sentence in lines(table) if refused(root, key, sentence)}


def test_the_table_is_long_enough() -> None:
    assert len(lines(BAD_PHRASES + BAD_PROMPTS)) >= 90
    assert len(lines(GOOD_PHRASES + GOOD_PROMPTS)) >= 80


def test_a_phrase_promises_nothing(root: Path) -> None:
    assert set(lines(BAD_PHRASES)) - told(root, "phrases", BAD_PHRASES) == set()


def test_a_harmless_phrase_is_let_pass(root: Path) -> None:
    assert told(root, "phrases", GOOD_PHRASES) == set()


def test_a_prompt_asks_for_no_promise_and_a_negation_exempts_what_it_governs_only(root: Path) -> None:
    assert set(lines(BAD_PROMPTS)) - told(root, "prompt", BAD_PROMPTS) == set()


def test_a_prompt_may_forbid(root: Path) -> None:
    assert told(root, "prompt", GOOD_PROMPTS) == set()


@pytest.mark.parametrize("sentence", lines(OVER + BARE))
def test_a_bare_fraction_is_a_fee(sentence: str) -> None:
    assert [charge.what for charge in charges(sentence)] == ["percent"]


@pytest.mark.parametrize("sentence", lines(OVER))
def test_a_bare_fraction_above_the_cap_is_one(sentence: str) -> None:
    assert all(charge.value >= 50 for charge in charges(sentence))


@pytest.mark.parametrize("sentence", lines(NO_FEE))
def test_a_third_party_is_no_fee(sentence: str) -> None:
    assert charges(sentence) == ()
