"""on-topic: own words stay with the register's subject: no advice, no verdicts, no other subjects, no other people's data."""

from __future__ import annotations

from runtime.guardrails import Reply, Rule, forbid
from runtime.messages import Finding

NAME = "on-topic"

_UNKNOWN = (
    r"\b(can'?t|cannot|not able to|unable to|not in a position to|nobody can|no[- ]one can|"
    r"too early to|don'?t know|before anyone could)( \w+)? (say|tell|know|judge|promise|"
    r"give|confirm|decide)\b[^.!?;,]*"
)
_TOLD = r"\byou( \w+)? (said|told|mentioned|asked|wrote|explained|were told|felt)\b[^.!?;]*"
_ASKED = (
    r"\b(did|do|does|have|has|had|was|were|is|are|would|could|can|may|which|what|who|"
    r"when|where|how)( [\w'’]+){1,14}\?"
)

RULES = (
    Rule(
        id="advice",
        says="advice",
        pattern=(
            r"\b(you (should|must|ought to|need to|had better|'d better|want to be)|you'?d better|"
            r"i('?d| would)? (strongly |really |definitely |honestly |personally )*(advise|"
            r"recommend|suggest|urge|encourage)|my advice|(we|they) (recommend|advise|suggest)|"
            r"best (thing|option|bet|way|move|course)( \w+){0,3} (is|would be)|if i were you|"
            r"your best|it'?s (best|better|wiser|safer|worth) (to|if|not|you)|stop paying|cancel (your|"
            r"the) (direct debit|payment|agreement|contract)|withhold|(switch|change) (supplier|"
            r"lender)s?)\b"
        ),
        unless=(
            r"\byou (don'?t|needn'?t|never) (need|have) to\b",
            r"\bshould you\b",
            r"\byour best guess\b",
            _TOLD,
            r"\bi'?d suggest (we|taking a (break|moment))\b",
            r"\b(all|what|anything|nothing|nothing else) you need to (do|know|send|tell)\b",
            r"\byou should (see|now see|find|have (received|had|got)|be able)\b",
            r"\bif you need to\b",
            (
                r"\byou should (also |probably |first )?(know|read|see|hear|be told)( \w+)? (this|that|these|it|"
                r"too|first|before)\b"
            ),
            r"\bdo you need to\b",
        ),
    ),
    Rule(
        id="verdict",
        says="a verdict on the person's case",
        pattern=(
            r"\b(you (definitely |probably |likely |certainly |clearly |do |may |might |could |"
            r"should )?(qualify|have a (claim|case|good case|strong case)|are (eligible|entitled|"
            r"owed|due)|be (eligible|entitled|owed|due)|were (mis-?sold|overcharged|lied to|"
            r"ripped off|cheated|misled|treated))|you'?re (eligible|entitled|owed|due|in luck|"
            r"covered)|(strong|good|great|solid) (case|claim|chance)|likely to (win|succeed|"
            r"get)|sounds like (you|a (claim|case|classic|clear)))\b"
        ),
        unless=(
            _UNKNOWN,
            _TOLD,
            r"\bwhether[^.!?;,]*",
            (
                r"\b(doesn'?t|does not|don'?t|none of (that|this|it)|nothing (i'?ve|i have|here|in this)( \w+)?) "
                r"(means?|proves?|shows?|says?)[^.!?;,]*"
            ),
            r"\bnot saying( that)? you[^.!?;,]*",
            (
                r"\b(has|have|had|did|was|were) (anyone|anybody|someone|somebody|they|he|she|the \w+|your \w+|"
                r"you)( \w+)? (told|tell|said|say|promised?)[^.!?;]*\?"
            ),
            r"\b(if|whether) you (may|might|could)?[^.!?;,]*",
            (
                r"\bsounds like you('re| are|'ve| have)? (had|having|got|been|in|felt|feel|busy|"
                r"a|under|going|doing|want|need|prefer|know)\b[^.!?;]*"
            ),
        ),
    ),
    Rule(
        id="another-subject",
        says="another subject",
        pattern=(
            r"\b(recipe|poem|haiku|lyrics|football|weather forecast|horoscope|bitcoin|crypto|"
            r"stocks?|election|investments?|mortgage rates?|pension|prime minister|president|"
            r"religion|joke|once upon a time|translate|diagnos(is|e)|medication|dosage|symptoms?|"
            r"visa|immigration|divorce|tax return|gambl\w+|dating|netflix|homework|essay|python|"
            r"javascript)\b"
        ),
        unless=(_TOLD, r"\b(no|not a|isn'?t a) joke\b", r"\bin stock\b"),
    ),
    Rule(
        id="other-people",
        says="about other people's data",
        pattern=(
            r"\b((other|another|previous|last|earlier|one) (customer|person|client|contact|"
            r"caller|user|claimant)('?s)?( said| told| had| got| was| who| asked| conversation|"
            r" details| data)?|someone else'?s (details|data|conversation|claim)|(i|we) had (someone|"
            r"somebody|a (lady|man|gentleman|customer|client)))\b"
        ),
        unless=(
            r"\b(was|is|did|has|have) (there )?(another|an?other) person[^.!?;]*\?",
            r"\banother person (on|named|signed)\b[^.!?;]*",
            r"\bspeak to (another|a) person\b",
            _ASKED,
        ),
    ),
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that leave the register's subject or judge the person's case."""
    return forbid(NAME, reply, RULES)
