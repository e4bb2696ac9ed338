"""no-pressure: no hurry, scarcity, guilt, flattery or holding back of somebody who wants to go."""

from __future__ import annotations

from runtime.guardrails import Reply, forbid
from runtime.messages import Finding

NAME = "no-pressure"

_FORBIDDEN = {
    "hurry": (
        r"\b(hurry|act (now|fast|today)|(sign|apply|claim|start|reply|decide|do it) (now|today|"
        r"right away|asap|straight away)|as soon as possible|asap|urgent(ly)?|immediately|"
        r"quick(ly)?,? before|right now|without delay|don'?t (wait|delay|hang about|leave it)|"
        r"time is (short|ticking)|running out|clock is ticking|sooner rather than later)\b"
    ),
    "last chance": (
        r"\b(last|final|only) chance\b|\bdeadline\b|\bbefore it'?s too late\b|\bmiss(ing)? out\b|"
        r"\blimited (time|places|spaces|offer)\b|\bwhile you (still )?can\b|\b(offer|window) (ends|"
        r"closes)\b|\btime[- ]barred\b"
    ),
    "everybody does it": (
        r"\b(most|many|lots of|thousands of|everyone|everybody|other) (people|customers|businesses|"
        r"drivers|clients)? ?(choose|choosing|use|sign|are signing|have signed|do it|does it|"
        r"like you)\b"
    ),
    "guilt or loss": (
        r"\b(you'?d be (mad|silly|crazy|foolish)|you'?ll regret|don'?t let (them|your (lender|broker|"
        r"dealer|supplier)|this)|why would(n'?t)? you|what have you got to lose|nothing to lose|"
        r"leaving money|throw(ing)? (it|money) away|kick yourself)\b"
    ),
    "flattery": (
        r"\b(smart|clever|wise|great|good|right) (choice|decision|move|thinking)\b|\byou(?:'re|"
        r" are) (so |very )?(smart|clever|wise)\b"
    ),
    "holding back": (
        r"\b(are you (really )?sure (you want|about)|before you (go|leave|decide)|don'?t go|"
        r"wait,? (just|one)|one last thing|reconsider|change your mind)\b"
    ),
    "exclusive": (
        r"\b(exclusive(ly)?|just for you|special(ly)? (selected|chosen)|you(?:'ve|"
        r" have) been (selected|chosen))\b"
    ),
}


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that push."""
    return forbid(NAME, reply, _FORBIDDEN)
