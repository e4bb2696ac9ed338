"""What a promise looks like in words nobody approved as a statement: one list for both halves."""

from __future__ import annotations

from collections.abc import Mapping

_THEY = r"(you|they)"
_PEOPLE = r"(people|drivers|customers|clients|claims|cases|claimants|businesses|firms|homes|complaints|users|of them|of us)"

# What it promises -> RE2 pattern on normalised text.
PROMISES: Mapping[str, str] = {
    "a guarantee": (
        r"\b(guarantee[ds]?|promise[ds]?|definitely|certainly|for sure|no doubt|assured?|rest assured|"
        r"always (works?|wins?|succeeds?|pays?)|100 ?%|without fail|risk[- ]free|no risk|without (any )?risk|"
        r"(success|result|win|winning|outcome|money|payment|it|that) is (certain|sure|safe)|(are|is|'re) (bound|sure|certain) to|"
        r"(can'?t|can ?not|never|won'?t|will not|nobody|no one|don'?t) (ever )?(lose|loses|fails)|nothing to lose|"
        r"(works?|wins?|succeeds?) (every|each) time|(will|'ll) (surely |always )?(win|succeed)|(they|that) wins?)\b"
    ),
    "a promise of money": (
        rf"\b({_THEY}('?ll| will| would|'d) (get|receive|be paid|win|earn)|{_THEY}('?ll| will) be better off|refund|payout|"
        r"pay-out|compensation is|money (back|is waiting|owed|waiting)|owed to (you|them)|in (your|their) (account|pocket)|"
        rf"{_THEY}('re| are) (still )?(owed|due)|(could|may|might) get (thousands|hundreds|money|£)|"
        rf"(will|'ll|ever) get (compensation|money)|get (their|your) money)\b"
    ),
    "a promise of a price": (
        r"\b((it|that|this|all|everything|which|help|service|advice|claim|complaint|call|we)('s| is| are) "
        r"((completely|totally|entirely|absolutely|all|always|quite) )?free|(is|are) it free|"
        r"for free|free of charge|(there is|there's|at|with|has|have|is) no (charge|cost|costs|fees?|price)|"
        r"without (a )?(charge|cost)|"
        rf"costs? ({_THEY} |them )?nothing|(nothing|not a penny|no money) to pay|"
        rf"{_THEY} (won'?t|don'?t|do not|will not|will never|never|needn'?t|need not) (ever )?(have to |need to )?pay)\b"
    ),
    "a share of money": (
        r"\b(half|thirds?|quarters?|fifths?|tenths?)\b( of (it|that|what|this|your|their|the (money|claim|refund)))?"
        r" (is|are|goes|stays?) (to )?(yours?|theirs?|ours?|you|them|us)\b|"
        r"\b(half|(a|one|two|three)[ -](third|quarter|fifth|tenth)s?) of (it|that|what|your|their|any|all|everything)\b|"
        r"\b(fees?|charges?|cut|share|commission|price|"
        r"(we|firm) ((only|just|will) )?(take|takes|keep|keeps|charge|charges|get|gets))"
        r"( is| are| of|:)* (only |just )?(half|((a|an|one|two|three)[ -])(half|third|quarter|fifth|tenth)s?)\b"
    ),
    "a promise of a person": (
        r"\b(someone|somebody|a (colleague|person|human|member of)|one of (us|our)|our (team|people|solicitors?|lawyers?)|"
        r"my (colleague|manager|team)|an? (agent|adviser|advisor|solicitor|lawyer)|we|i) ?('?ll|will|"
        r"is going to|are going to|shall) (be in touch|call|ring|phone|contact|reply|answer|get back|"
        r"message|help|look|sort|fix|arrange|book|send|check|chase|follow|take)"
    ),
    "a promise of an answer": (
        rf"\b({_THEY}('?ll| will) (soon )?(hear (back|from|soon)|be in touch|be (called|rung|phoned|contacted)|"
        r"get (a|an|our|your|their) (call|reply|answer|email|letter|message))|expect (a call|a reply|to hear)|"
        r"(hear|call|reply|answer|get|be|ring)( you| them)? ?(back )?(very )?(soon|shortly|right away|straight away)|"
        r"they'll (call|ring))\b"
    ),
    "a promise about the machine": (
        r"\bi('?ll| will| can| could) (make sure|see to it|sort (it|this)|get you|find out|look into|"
        r"check|arrange|remember|speed)\b"
    ),
    "a deadline": (
        r"\b((ends?|closes?|expires?|stops?|finishes|runs? out|is over) (very )?(soon|shortly|(this|next) \w+|in an? \w+)|"
        r"(until|by|before) the end of (the|this|next) \w+|time (is )?(running|runs) out|deadline is|last chance|"
        r"(few|only) (more )?(hours|days|weeks) (left|to go)|miss out|act (now|fast|quickly)|hurry up|before it'?s too late)\b"
    ),
    "a record": (
        r"\bwe(('ve| have) (already |now )?(helped|won|recovered|settled)|(( always| never| usually) "
        r"(win|won|lose|lost)))\b|\b(most|many|all|thousands|hundreds|dozens)( of)?( our| the)? "
        rf"{_PEOPLE}( like you)? (win|won|get|got|succeed|are paid)\b|"
        r"\b(helped|won|paid) (thousands|hundreds|dozens|millions|lots|many|most)\b|"
        r"\b(we are|we're) (the )?(best|leading|number one)\b"
    ),
    "a verdict": (
        r"\byou('ve| have)( got)? a (very )?(good|strong|great|valid|solid|winning) (claim|case|chance)\b|"
        rf"\b{_THEY} (clearly |definitely )?qualify\b|"
        rf"\b{_THEY}('re| are) (clearly )?(entitled to|eligible for|likely to (win|get|succeed))\b"
    ),
}
