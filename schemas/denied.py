"""Whether wording is denied, asked about or repeated where it stands: "there is no guarantee" promises nothing."""

from __future__ import annotations

import re

_WHO = r"(?:they|anyone|anybody|someone|somebody|he|she|it|you|there|(?:the|your|a|that|any) [\w']+)"
_REST = r"[^.!?;:,\u2013\u2014]*"
_SAYING = r"(?:say|tell|know|knowing|judge|promise|guarantee|predict|guess|confirm|decide|assess|check|work out|be sure)"
_REPORTING = (
    r"(?:tell|told|say|said|mention|mentioned|promised?|guaranteed?|offer|offered|rush|rushed|push|"
    r"pushed|pressured?|warn|warned|"
    r"claimed?|give|given)"
)
# The group is what stands before the wording; the wording ends within the rest of the match.
_CUES = tuple(
    re.compile(pattern)
    for pattern in (
        # I can't say whether; we cannot guarantee; I have no way of knowing
        rf"\b((?:i|we|i'm|we're|i've|we've)(?: [\w']+ly| am| are| have)? (?:can't|cannot|can not|couldn't|"
        rf"won't|wouldn't|don't|do not|"
        rf"am not|not|unable|no way|no means)(?: able| really| ever| yet| want| wish)?(?: to| of| in a "
        rf"position to)?) {_SAYING}\b{_REST}",
        rf"\b((?:nobody|no one|no-one|none of us) (?:can|could|will|would|is able to)) {_SAYING}\b{_REST}",
        (
            rf"\b(not able to|unable to|not in a position to|too early to|impossible to|wrong of me to) "
            rf"{_SAYING}\b{_REST}"
        ),
        # there is no guarantee; it isn't guaranteed; no deadline on my side
        r"(\b(?:there's|there is|there are|there was|i know of|we have|we've|has|have|with) no|^no|"
        r"\bthere (?:isn't|is not|aren't|wasn't)"
        r"(?: a| an| any)?|\bwithout(?: a| an| any)?|\b(?:it|that|this|nothing(?: [\w']+){0,2}) (?:isn't|"
        r"is not|wasn't|was not)|"
        r"\bit's (?:not|never)|\bnothing(?: here| about this| in this)? is|\bisn't a|\bis not a)"
        r"(?: real| fixed| particular| set| hard| firm| such| time)? (?!just\b|only\b|merely\b)[\w-]+\b",
        # did the dealer guarantee it?
        rf"\b((?:did|was|were|had|has|have) {_WHO})(?: [\w']+){{0,2}} {_REPORTING}\b[^.!?;:]*\?",
        # you said that it was guaranteed
        rf"\b(you(?:'d| had| have|'ve| also)? (?:said|told (?:me|us)|mentioned|asked|wrote|explained|were "
        rf"told|thought|wondered))\b"
        rf"{_REST}",
        # whether you qualify depends; that does not mean that you do
        rf"\b(whether)\b{_REST}\b(?:depends|isn't|is not|can't|cannot|nobody|unknown|unclear|something i)\b",
        (
            rf"\b((?:(?:does not|doesn't|do not|don't|won't|will not|not) (?:mean|show|prove|decide)|none of "
            rf"(?:that|this|it) (?:means|shows|proves)))\b{_REST}"
        ),
    )
)
_TURNED = re.compile(r"\b(?:how|less than|not|but|however|though|although|except|and|because|so|act)\b")


def denied(text: str, start: int, end: int) -> bool:
    """Whether the wording at these places of `text` is said of nobody: denied, asked about, or repeated after somebody.

    The clause ends where the sentence turns round. Text in disguise, that does not fold sign for sign, is never excused.
    """
    low = text.lower().replace("\u2019", "'")
    if (
        len(low) != len(text)
        or not low.replace("\u2013", "-").replace("\u2014", "-").replace("\u00a3", "L").isascii()
    ):
        return False
    return any(
        hit.end(1) <= start and end <= hit.end() and not _TURNED.search(low, hit.end(1), start)
        for cue in _CUES
        for hit in cue.finditer(low)
    )
