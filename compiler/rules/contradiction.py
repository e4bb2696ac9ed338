"""Two approved wordings say different things about one matter.

Nobody who reads one claim sees the other, and a person may be told both. Three things are compared:

- Within a claim, each shorter wording, answer and translation may name no sum, percentage, duration, date or telephone number
  that the full wording puts otherwise ("eight weeks" and, in short, "six weeks"). Of a translation, only what stands in digits.
- Claims on one subject. Two claims have one subject when they have the same `topic`, an example question word for word in
  common, or the same duty under `covers`. If both name something in the same unit, they must have one value of it in common.
- The same sentence, anywhere in the register. Two sentences that differ in nothing but their numbers, or in nothing but a
  "not" or "never", contradict each other whatever their claims are about.

Claims that are never said to the same person at the same time (for different audiences, channels or languages, or one ending
before the other begins) may differ.

A claim is told once, with the first claim it contradicts and how many more there are. Of one matter a hundred different things
are compared; a claim that says yet another is refused unread.

What it does not see: a contradiction in other words, between claims that share none of this; numbers without a unit ("fewer
than 50 staff"); and "hundred and fifty thousand" written out. It is a net for slips, not a reviewer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import ne
from typing import Any

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Claim, Source
from compiler.source.once import of_text
from compiler.source.wording import Said
from schemas.quantities import Quantity, frame, quantities

CODE = Code(
    code="CV5026",
    name="contradiction",
    summary="two approved wordings that say different things about one matter",
    explanation=__doc__,
    bad="- id: DD-F01\n  says: The lender has eight weeks to answer.\n- id: DD-F02\n  says: The lender has six weeks to answer.",
    good="- id: DD-F01\n  says: The lender has eight weeks to answer.\n- id: DD-F02\n  says: The broker has six weeks to answer.",
)
NEEDS = frozenset({"claims", "tenant"})

_IN_DIGITS = {"%", "£", "€", "$", "phone", "year"}  # written alike in every language
_FEWEST_WORDS = 3  # of a sentence that is worth comparing: "Call 105." is not
_MOST_COMPARED = 100  # groups of claims on one matter
_LABELS = 3
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_WORD = re.compile(r"<[^>]+>|\{[^}]*\}|[^\W_]+(?:[.'][^\W_]+)*")
_CONTRACTED = (
    (re.compile(r"\bcan(?:no|')t\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
)
_NEGATIONS = {"not", "never", "no"}
_AUXILIARIES = {"do", "does", "did"}


Reach = tuple[tuple[str, ...], tuple[str, ...], str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A wording, what in it other claims contradict, the first of them, why, and how many they are at least."""

    said: Said
    what: Quantity | str
    against: Said
    why: str
    count: int
    at_least: bool


@dataclass(frozen=True, slots=True)
class Met:
    """The first wording that differs, how many claims have such (0: none was compared), and whether there may be more."""

    against: Said
    count: int
    at_least: bool


class Matter:
    """What claims say on one matter so far: those that say the same in the same reach are compared as one.

    Past _MOST_COMPARED such groups no more are told apart: `met` then finds a clash with what it has not compared.
    """

    def __init__(self, differs: Callable[[Any, Any], bool]) -> None:
        self.differs = differs
        self.groups: dict[tuple[Hashable, Reach], tuple[Said, int]] = {}

    def met(self, said: Said, content: Hashable) -> Met | None:
        """What earlier wordings differ from this content: the first, how many claims, and whether all were compared."""
        claim = said.claim
        group = (content, (claim.audience, claim.channels, claim.effective, claim.expires))
        against, count = None, 0
        for (other, _), (first, many) in self.groups.items():
            if first.claim is not claim and self.differs(content, other) and _together(claim, first.claim):
                against, count = against or first, count + many
        full = group not in self.groups and len(self.groups) >= _MOST_COMPARED
        if not full:
            first, many = self.groups.get(group, (said, 0))
            self.groups[group] = first, many + (first.claim is not claim or not many)
        elif against is None:
            return Met(next(iter(self.groups.values()))[0], 0, full)
        return None if against is None else Met(against, count, full)


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    spoken = sorted(source.spoken(), key=lambda c: (c.owner == source.slug, c.id))
    by_claim = {c.id: tuple(wording.wordings(c, source.language)) for c in spoken}
    for variants in by_claim.values():
        yield from _within(source, variants)
    clashes = defaultdict[str, list[Clash]](list)
    for clash in (*_one_subject(spoken, by_claim), *_same_sentence(by_claim.values())):
        clashes[clash.said.claim.id].append(clash)
    for of_claim in clashes.values():
        yield _told(source, of_claim)


def _within(source: Source, told: tuple[Said, ...]) -> Iterator[Diagnostic]:
    """The variants of one claim against its full wording; translations in their digits."""
    full = {said.language: said for said in told if said.variant == "says"}
    for said in told:
        against = full[said.language] if said.variant != "says" else told[0]
        if against is said:
            continue
        known = _values(against.text)
        for quantity in _measured(said.text):
            compared = said.language == against.language or quantity.unit in _IN_DIGITS
            if compared and quantity.unit in known and quantity.value not in known[quantity.unit]:
                why = f"`{against.claim.id}` in full says otherwise"
                yield _fault(source, said, quantity, against, why=why)


def _subjects(claim: Claim) -> Iterator[str]:
    """What a claim is about, in words: its topic, its questions, its duties."""
    if "topic" in claim.raw:
        yield f"the topic `{claim.raw['topic']}`"
    for question in sorted({text.casefold().strip(" ?.!") for text in claim.raw.get("questions", ())}):
        yield f"the question `{question}`"
    for duty in claim.covers:
        yield f"the duty `{duty}`"


def _one_subject(spoken: list[Claim], by_claim: Mapping[str, tuple[Said, ...]]) -> Iterator[Clash]:
    """Claims on one subject that name something in the same unit and have no value of it in common."""
    matters = defaultdict[tuple[str, str, str], Matter](lambda: Matter(frozenset.isdisjoint))
    for claim in spoken:
        for subject in _subjects(claim):
            for said in (said for said in by_claim[claim.id] if said.variant == "says"):
                for unit, values in _values(said.text).items():
                    met = matters[subject, said.language, unit].met(said, frozenset(values))
                    if met is not None:
                        quantity = next(q for q in _measured(said.text) if q.unit == unit)
                        why = f"`{met.against.claim.id}`, which has {subject} too, says otherwise"
                        yield _clash(said, quantity, met, why)


def _same_sentence(told: Iterable[tuple[Said, ...]]) -> Iterator[Clash]:
    """Sentences of two claims that differ in nothing but their numbers or a negation."""
    matters = defaultdict[tuple[str, tuple[str, ...]], Matter](lambda: Matter(ne))
    for said in (said for variants in told for said in variants):
        for sentence, words, values, negated in _sentences(said.text):
            met = matters[said.language, words].met(said, (values, negated))
            if met is not None:
                yield _clash(
                    said, sentence, met, f"`{met.against.claim.id}` says otherwise in the same words"
                )


def _clash(said: Said, what: Quantity | str, met: Met, why: str) -> Clash:
    if not met.count:
        why = f"{_MOST_COMPARED} others say as many things on one matter, and no more are compared"
    return Clash(
        said=said, what=what, against=met.against, why=why, count=met.count or 1, at_least=met.at_least
    )


def _told(source: Source, clashes: list[Clash]) -> Diagnostic:
    """One message for all that contradicts a claim."""
    first = clashes[0]
    more = max([len({clash.against.claim.id for clash in clashes}), *(clash.count for clash in clashes)]) - 1
    least = "at least " if any(clash.at_least for clash in clashes) else ""
    why = f"{first.why}, and so {'does' if more == 1 else 'do'} {least}{more:,} more" if more else first.why
    against = {clash.against.claim.id: clash.against for clash in reversed(clashes[:_LABELS])}
    return _fault(source, first.said, first.what, *reversed(against.values()), why=why)


def _fault(source: Source, said: Said, what: Quantity | str, *against: Said, why: str) -> Diagnostic:
    words = what if isinstance(what, str) else said.text[what.start : what.end]
    return CODE.at(
        wording.exact(source, said.span, words),
        f"`{words}` in `{said.claim.id}`, but {why}",
        labels=[Label(span=other.span, text="here") for other in against],
        help="make both say the same, or say in words what tells them apart",
    )


def _together(one: Claim, other: Claim) -> bool:
    """Whether both can be said to one person on one day."""
    return (
        (not one.audience or not other.audience or bool(set(one.audience) & set(other.audience)))
        and (not one.channels or not other.channels or bool(set(one.channels) & set(other.channels)))
        and (one.expires is None or other.effective < one.expires)
        and (other.expires is None or one.effective < other.expires)
    )


@of_text
def _measured(text: str) -> tuple[Quantity, ...]:
    return tuple(quantities(text))


def _values(text: str) -> dict[str, list[str]]:
    """Unit -> what the text names in it."""
    found = defaultdict[str, list[str]](list)
    for quantity in _measured(text):
        found[quantity.unit].append(quantity.value)
    return found


@of_text
def _sentences(text: str) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...], bool], ...]:
    """Of each sentence: itself, its words but for numbers and negations, its values, and whether it is negated."""
    found = []
    for sentence in _SENTENCE.split(text):
        plain = frame(sentence)
        for contracted, written in _CONTRACTED:
            plain = contracted.sub(written, plain)
        words = _WORD.findall(plain)
        kept = tuple(w.rstrip("s") if len(w) > 3 else w for w in words if w not in _NEGATIONS | _AUXILIARIES)
        if len([w for w in kept if not w.startswith("<")]) >= _FEWEST_WORDS:
            values = tuple(quantity.value for quantity in _measured(sentence))
            found.append((sentence, kept, values, sum(w in _NEGATIONS for w in words) % 2 == 1))
    return tuple(found)
