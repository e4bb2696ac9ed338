"""What an instruction forbids: how far a negation in a prompt reaches. Pure.

A prohibition is a negation with a verb of saying ("never say", "do not promise", "avoid offering") or a noun ("no promise"). It
governs what follows it up to the end of its clause, through lists and through `that`; it does not govern what stands before
it, after a `but` or a colon, or in a clause with a subject or an order of its own ("do not be cold, promise a refund"). A
negation of another verb ("never forget", "do not hesitate to say") forbids nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_VERB = (
    r"(?:say|tell|promise|guarantee|assure|reassure|mention|suggest|imply|claim|state|write|use|offer|hint|give|talk|speak|"
    r"discuss|quote|name|predict|add|make|repeat|pretend|send|announce|describe|advertise|boast)"
)
_ING = (
    r"(?:saying|telling|promis(?:ing|es?)|guarantee(?:ing|s)?|assur(?:ing|ances?)|mention(?:ing|s)?|suggesting|implying|"
    r"claim(?:ing|s)|stating|writing|using|offer(?:ing|s)?|hint(?:ing|s)?|giving|talk(?:ing)?|speaking|quoting|"
    r"predict(?:ing|ions?)|making|repeating|pretending|words?|phrases|wording)"
)
_NOT = r"(?:never|do not|don't|must not|mustn't|may not|should not|shouldn't|cannot|can't|can not|not to)"
_FREELY = r"(?: (?:ever|even|once|try to|attempt to|be asked to))*"
_FORBIDS = re.compile(
    rf"\b{_NOT}{_FREELY} {_VERB}\b(?:(?: any of| such)?(?: these| the following)?(?: words| phrases)? ?:)?"
    rf"|(?<!\bnot )(?<!\bnever )(?<!\bn't )\b(?:avoid|refrain from|without) (?:ever )?{_ING}\b"
    rf"|\brefuse to {_VERB}\b|\b(?:say|write|promise|offer|state|claim) (?:nothing|neither)\b|\bneither {_VERB}\b"
    rf"|\bnothing (?:(?:that )?you (?:say|write) )?(?:may|must|should)(?: ever)? {_VERB}\b"
    r"|\b(?:asks?|asked|asking) (?:for|about|whether|if)\b",
    re.IGNORECASE,
)
# A noun after `no`: up to three words, or a list of such.
_NO = re.compile(
    r"(?<!\bsay )\b(?:no|(?:never|not) (?:any|an?)) (?!"
    r"(?:matter|longer|need|reason|wonder|delay|question|hesitation|fear|one|more|less)\b)",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"^[\"'“‘]?(?:(?:[\w'-]+ ){0,2}[\w'-]+ ?(?:, ?|,? (?:or|and|nor|of) )(?:no )?)*(?:[\w'-]+ ){0,2}[\"'“‘]?$"
)
_SUBJECT = (
    r"(?:we|they|you|it|he|she|i|there|our|their|someone|somebody|everyone|everybody|people|nobody|always|just|please|"
    r"a colleague|a solicitor)"
)
_ENDS = re.compile(
    r"[;:]|\s[-–—]\s|\b(?:but|because|since|so|unless|until|except|instead|then|although|though|while|yet|(?<!such )as)\b"
    rf"|\band (?:{_SUBJECT}|{_VERB})\b|, ?(?:{_SUBJECT}|{_VERB} (?!\bor\b)\w)",
    re.IGNORECASE,
)


def forbidden(sentence: str, start: int) -> bool:
    """Whether what begins at `start` in an instruction is something it forbids."""
    return any(_ENDS.search(between) is None for between in _after(sentence, start)) or _none_of(
        sentence, start
    )


def _after(sentence: str, start: int) -> Iterator[str]:
    """What stands between each prohibition and `start`."""
    for found in _FORBIDS.finditer(sentence):
        if found.end() <= start:
            yield sentence[found.end() : start]
        elif found.start() < start:
            yield ""  # the verb of saying is the promise itself: `never promise`


def _none_of(sentence: str, start: int) -> bool:
    """Whether it is a noun that a `no` stands before: `no date, link or promise`."""
    return any(
        found.end() <= start
        and _LISTED.match(sentence[found.end() : start]) is not None
        and _ENDS.search(sentence[found.end() : start]) is None
        for found in _NO.finditer(sentence)
    )
