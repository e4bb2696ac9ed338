"""Whether a person asks what a claim is worth or whether there is one: only one kind of claim may answer that."""

from __future__ import annotations

import re2

from runtime.engine.scene import Scene
from schemas.text import normalise

AMOUNT_OR_ELIGIBILITY = "on_amount_or_eligibility"  # a claim's `when`

_COUNT = "a|one|two|three|four|five|six|ten|few|a few|a couple of|couple of"
_SUM = (
    r"(£ ?[0-9]|[0-9][0-9,.]* ?(k|grand|quid|pounds?|hundred|thousand)\b|"
    rf"\b({_COUNT}) (grand|hundred|thousand|k)\b|\bgrand\b|\b(hundreds|thousands)\b)"
)
_US = r"(i|we|he|she|they|it|mine|ours|(my|our) [a-z]+)"
_WILL = r"(will|would|could|can|do|does|might|should|am|are|is|was|did)"
_GET = (
    r"(get|gets|getting|gettin|give|gives|giving|gave|given|got|receive|received|receiving|"
    r"paid|won|worth|back|owed|claimed)"
)
_AND = r"(still |even |also |actually |really |all |been |be |likely |expect |stand |to |usually |normally |typically |going )*"
_A_CASE = r"(a|any|got a|got any) (good |decent |strong )?(claim|case|chance|leg)\b"

_ASKS = re2.compile(
    "|".join(
        (
            # how much
            rf"\bhow much (money |cash |compensation )?{_WILL} {_US} {_AND}({_GET}|due|claim|entitled|looking)\b",
            r"\bhow much (is|are|would|could) .{0,25}\bworth\b|\bhow much (compensation|compo|money|cash)\b",
            rf"\bwhat {_WILL} (i|we) {_AND}(get|getting|receive|looking at|due|owed|entitled)"
            r"( to| for| from)?( it| this| that)?[?.! ]*$",
            r"\bwhat (would|could|can|might|will) (i|we) get back\b",
            rf"\b(what|how much) {_WILL} (people|everyone|everybody|most people|most|others|other people|folk|they) "
            rf"{_AND}{_GET}\b",
            r"\b(ballpark|rough (idea|figure|estimate|amount|guess))\b",
            r"\b(average|typical|usual) (payout|amount|claim|refund|people)\b",
            rf"\b{_GET}\b.{{0,25}}{_SUM}",
            rf"\b(is|was|will|would|could) (it|that|this) (be |about |around |like |over |more than |as much as )*{_SUM}",
            rf"\bpay(s|ing)? (me|us|out)\b.{{0,15}}{_SUM}",
            rf"{_SUM}.{{0,20}}\b(back|payout|compensation|refund|same)\b",
            # whether
            r"\b(am i|are we|is (he|she)|is (my|our) [a-z]+|(would|will|could|might|should|can) (i|we|he|she) be|i'?m|we'?re) "
            rf"{_AND}(eligible|entitled|owed|in line for|in with a (chance|shout)|"
            r"due (a|an|any|some|money|back|something|anything|compensation|refund)\b)",
            rf"\b(do|does|will|would|could|can|did|if|reckon|think) {_US} {_AND}"
            rf"(qualify|qualifies|have {_A_CASE}|stand {_A_CASE})",
            rf"\b(have|has|'ve|if) ?{_US}?( have)? got {_A_CASE}",
            r"\bwhat('s|s| are| r| is) (my|our|the) (chances?|odds|prospects)\b",
            r"\bany chance of (a |some )?(money|refund|payout)\b",
            r"\bworth (me |my |our |us )*(while|bothering|doing|claiming|it for me|the bother|the hassle)\b",
            rf"\b(can|could) (i|we|he|she|my [a-z]+) {_AND}(make a )?claim\b",
        )
    )
)
_ELSE = re2.compile(  # what others take, what is charged or owed, and the ways to go about it
    r"\b(charged?|charges|costs?|fees?|owe|pay (you|u|for|to)|"
    r"(do|does|would|will) (you|u|yous|ye|you lot|your (firm|company|lot)) (get|take|keep|make|want)|"
    r"(personal|my|our) (data|information|records)|subject access|gdpr|"
    r"(broker|dealer|dealership|salesman|garage|supplier|lender|bank|firm|company)s? "
    r"(get|gets|got|make|makes|made|take|takes|took|earn|earned|was|were|is|paid|receive|received|charge|added|put)|"
    r"myself|ourselves|himself|herself|without (you|u|using)|on (my|our) own|for free|for nothing|ombudsman|"
    r"get out of|both|two|twice|how (can|could|do|would) (i|we) (make|start|claim))\b"
)


def asked_of(words: str) -> bool:
    """Whether these words ask for an amount, a likelihood or a view on eligibility."""
    plain = normalise(words).text
    return _ASKS.search(plain) is not None and _ELSE.search(plain) is None


def answer_of(scene: Scene) -> str | None:
    """The tenant's claim for such a question, if it may be said now."""
    return next(
        (
            c.id
            for c in scene.bundle.claims.values()
            if c.when == AMOUNT_OR_ELIGIBILITY and c.questions and scene.sayable(c.id)
        ),
        None,
    )
