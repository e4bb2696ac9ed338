"""What a promise looks like in words nobody approved as a statement: one list for both halves."""

from __future__ import annotations

from collections.abc import Mapping

# What it promises -> RE2 pattern on normalised text.
PROMISES: Mapping[str, str] = {
    "a guarantee": (
        r"\b(guarantee[ds]?|promise[ds]?|definitely|certainly|for sure|no doubt|assure|rest assured|"
        r"always works?|100 ?%|without fail|risk[- ]free|no risk)\b"
    ),
    "a promise of money": (
        r"\b(you('?ll| will| would|'d) (get|receive|be paid|win|earn)|refund|payout|pay-out|"
        r"compensation is|money (back|is waiting|owed)|owed to you|in your (account|pocket))\b"
    ),
    "a promise of a person": (
        r"\b(someone|somebody|a (colleague|person|human|member of)|one of (us|our)|our team|"
        r"my (colleague|manager|team)|an? (agent|adviser|advisor|solicitor|lawyer)|we|i) ?('?ll|will|"
        r"is going to|are going to|shall) (be in touch|call|ring|phone|contact|reply|answer|get back|"
        r"message|help|look|sort|fix|arrange|book|send|check|chase|follow)"
    ),
    "a promise about the machine": (
        r"\bi('?ll| will| can| could) (make sure|see to it|sort (it|this)|get you|find out|look into|"
        r"check|arrange|remember|speed)\b"
    ),
}
