"""What it looks like to claim a regulator's or an ombudsman's status or protection: one list for both halves.

Naming a body is not claiming its status. "You can complain to the Financial Ombudsman Service" tells people where to turn, and
"the FCA banned it" reports. What counts is a word of status tied to the body ("FCA regulated", "protected by the FOS", "on the
SRA's register"), unless the sentence denies it ("we are not regulated by the FCA") or says it of somebody else ("your supplier is
licensed by Ofgem").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from schemas.fold import Shadow, normalise

# Body -> (what it is called, the names it goes by, as a pattern on folded text).
BODIES: Mapping[str, tuple[str, str]] = {
    "fca": ("the FCA", r"fca|financial conduct authority|city watchdog"),
    "fos": ("the Financial Ombudsman", r"fos|financial ombudsm[ae]n(?: service)?"),
    "cmo": ("the Claims Management Ombudsman", r"cmo|claims management ombudsm[ae]n"),
    "fscs": ("the FSCS", r"fscs|financial services compensation scheme"),
    "sra": ("the SRA", r"sra|solicitors'? regulation authority|law society"),
    "legal_ombudsman": ("the Legal Ombudsman", r"legal ombudsm[ae]n"),
    "ofgem": ("Ofgem", r"ofgem|energy regulator|office of gas and electricity markets"),
    "energy_ombudsman": ("the Energy Ombudsman", r"energy ombudsm[ae]n|ombudsman services:? energy"),
}

CLAUSE_CHARS = 200  # how far back a denial may stand

_GAP = r"[^a-z0-9]{1,4}"
_DONE = (
    r"regulated|authori[sz]ed|approved|registered|licen[sc]ed|accredited|backed|endorsed|protected|certified|supervised|"
    r"covered|recogni[sz]ed|overseen|monitored|vetted|checked|guaranteed|insured|permitted|sanctioned|recommended|"
    r"safeguarded|controlled|governed|policed|appointed|verified|audited|supported|safe|secure|compliant|reg'd|regd|auth'd|authd"
)
_THING = (
    r"status|protections?|number|registration|authori[sz]ation|permissions?|licen[sc]e|cover(?:age)?|guarantee|approval|"
    r"backing|accreditation|member(?:ship|s)?|regulation|supervision|oversight|jurisdiction|blessing|endorsement|"
    r"safeguards?|compliant|safety net|seal|mark|badge|register|entry|firm|partners?|partnered|(?:no|nr|ref)\.? ?[0-9]+"
)
_ACTS = (
    r"(?:regulate|authori[sz]e|protect|cover|supervise|back|approve|licen[sc]e|oversee|guarantee|endorse|monitor|vet|govern|"
    r"insure|safeguard|recogni[sz]e|accredit)s?|looks? after|watch(?:es)? over|stands? behind"
)
_OURS = r"us|you|your|our|this|me|my|every|everything|all|it|the (?:firm|company|service|claim|money)"
_THE = r"(?:the |an? |by the |uk(?:'s)? |official |independent |full |regulator |ombudsman |watchdog )*['\"(*_]{0,2}"


_L, _R = r"(?<![a-z0-9])", r"(?![a-z0-9])"  # `_` and `*` are how WhatsApp writes italics and bold


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    """All of it for all bodies at once; made when a text first names one, because it takes a while to make."""
    body = rf"(?:{'|'.join(names for _, names in BODIES.values())})"
    return re.compile(
        rf"{_L}{body}(?:'?s)?{_GAP}(?:fully{_GAP})?(?:{_DONE}){_R}"
        rf"|{_L}{body}(?:'?s)?{_GAP}(?:{_THING}){_R}"
        rf"|{_L}(?:{_DONE}){_R}(?:{_GAP}(?:(?:and|or)(?:{_GAP}\w+)?|&|fully|\w+ly|{_DONE}){_R}){{0,3}}{_GAP}(?:and regulated )?"
        rf"(?:by|with|under|through|at|via|from){_GAP}{_THE}{body}{_R}"
        rf"|{_L}(?:{_THING}){_GAP}(?:of|from|by|under|with|at|through){_GAP}{_THE}{body}{_R}"
        rf"|{_L}under{_GAP}{_THE}{body}{_R}|{_L}(?:answer|answers|answerable|accountable){_GAP}to{_GAP}{_THE}{body}{_R}"
        rf"|{_L}(?:part|member|members|partners?|agents?|branch|arm|protection){_GAP}of{_GAP}{_THE}{body}{_R}"
        rf"|{_L}(?:follow|comply with|meet|keep to|abide by|stick to|obey)s?{_GAP}{_THE}"
        rf"{body}(?:'?s)?{_GAP}(?:rules|standards|code){_R}"
        rf"|{_L}(?:we|i|this|it|here)(?:'re|'m|'s| are| am| is){_GAP}(?:(?!not|never)\w+{_GAP}){{0,2}}from{_GAP}{_THE}{body}{_R}"
        rf"|{_L}on behalf of{_GAP}{_THE}{body}{_R}"
        rf"|{_L}{body}(?:{_GAP}(?:also|fully|always|who|which|that))?{_GAP}(?:{_ACTS}){_GAP}(?:{_OURS}){_R}"
        rf"|{_L}{body}{_GAP}(?:has|have){_GAP}(?:(?:also|fully|now|already){_GAP})?(?:{_DONE}){_GAP}(?:{_OURS}){_R}"
        rf"|{_L}(?:our|my|its){_GAP}regulators?{_GAP}(?:is|are){_GAP}{_THE}{body}{_R}"
        rf"|{_L}(?:we|i)(?:'re|'m| are| am){_GAP}{_THE}{body}{_R}(?!{_GAP}(?:does|did|has|is))"
    )


# A number of the register is status without its body's name.
_NUMBERED = {"fca": re.compile(r"(?<![a-z0-9])(?:frn|firm reference number)[^a-z0-9]{0,4}[0-9]{4,}")}
_NAMED = {body: re.compile(rf"{_L}(?:{names}){_R}") for body, (_, names) in BODIES.items()}
_AT_ALL = re.compile("|".join([*(names for _, names in BODIES.values()), "frn", "firm reference"]))

# A denial stands right before the status in the same clause: "we are not", "neither X is". "Not only" denies nothing.
_DENIED = re.compile(
    r"\b(?:not|never|neither|nor|no|without|aren'?t|isn'?t|wasn'?t|weren'?t|cannot|can'?t|don'?t|doesn'?t|ain'?t)\b"
    r"(?! (?:only|just|merely|simply|solely|to mention|least)\b)(?: [a-z']+){0,4} ?$"
)
# Somebody else as the subject, directly before: "your supplier is", "all lenders must be".
_OTHERS = re.compile(
    r"(?:^|\b(?:your|the|their|all|most|many|every|each|some|an?|if|that|because|when|whether|uk|british)(?: own| new| old)? )"
    r"(?:(?:energy|gas|electricity|finance|motor|car|large|licensed) )*"
    r"(?:suppliers?|lenders?|brokers?|dealers?|dealerships?|banks?|insurers?|networks?|networks? operators?)"
    r"(?: (?:is|are|was|were|has|have|had|must|may|should|be|been|to|also|both|usually|normally|already|need|needs|"
    r"not|that|which|who)\b)* ?$"
)
# Telling people where to look a firm up.
_LOOK_UP = re.compile(r"\b(?:check|look|search|see|find|verify|listed)\b[a-z' ]{0,40}$")
_REGISTER = re.compile(r"regist(?:er|ry)$|number$")
_CLAUSE = re.compile(r"[.!?;:,\n()\[\]*]|\bbut\b|\bwhile\b| - ")


@dataclass(frozen=True, slots=True)
class Status:
    """A status found in a text: whose, and where (code points of the text)."""

    body: str
    start: int
    end: int


@lru_cache(maxsize=4_096)
def statuses(text: str) -> tuple[Status, ...]:
    """Every body whose status or protection `text` claims, each once, in the order of BODIES. Disguises are seen through."""
    return statuses_in(normalise(text))


def statuses_in(shadow: Shadow) -> tuple[Status, ...]:
    """The same of a text that is folded already."""
    found: dict[str, Status] = {}
    for view in shadow.views:
        if _AT_ALL.search(view.text) is None:
            continue
        for body, start, end in _claimed(view.text):
            found.setdefault(body, Status(body, *view.span(start, end)))
    return tuple(found[body] for body in BODIES if body in found)


def _claimed(text: str) -> Iterator[tuple[str, int, int]]:
    """(body, start, end) of what is claimed in folded text. One claim may begin within another."""
    at = 0
    while (match := _pattern().search(text, at)) is not None:
        if not _harmless(_clause_before(text, match), match.group()):
            yield from (
                (body, *match.span()) for body, named in _NAMED.items() if named.search(match.group())
            )
        at = match.start() + 1
    for body, pattern in _NUMBERED.items():
        for match in pattern.finditer(text):
            if not _harmless(_clause_before(text, match), match.group()):
                yield body, *match.span()


def _clause_before(text: str, match: re.Match[str]) -> str:
    return _CLAUSE.split(text[max(0, match.start() - CLAUSE_CHARS) : match.start()])[-1]


def _harmless(before: str, said: str) -> bool:
    """Whether the words before, in the same clause, deny it, say it of somebody else or send people to a register."""
    if _DENIED.search(before) or _OTHERS.search(before.lstrip()):
        return True
    return bool(_LOOK_UP.search(before) and _REGISTER.search(said))
