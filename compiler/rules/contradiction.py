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

What it does not see: a contradiction in other words, between claims that share none of this; numbers without a unit ("fewer
than 50 staff"); and "hundred and fifty thousand" written out. It is a net for slips, not a reviewer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Claim, Source
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
_CACHED_SENTENCES = 8_192
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_WORD = re.compile(r"<[^>]+>|\{[^}]*\}|[^\W_]+(?:[.'][^\W_]+)*")
_CONTRACTED = (
    (re.compile(r"\bcan(?:no|')t\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
)
_NEGATIONS = {"not", "never", "no"}
_AUXILIARIES = {"do", "does", "did"}


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    by_claim = {c.id: tuple(wording.wordings(c, source.language)) for c in source.spoken()}
    told = [said for variants in by_claim.values() for said in variants]
    seen = set[frozenset[str]]()
    for variants in by_claim.values():
        yield from _within(source, variants)
    for one, other, what in _one_subject(source):
        pair = frozenset({one.id, other.id})
        if pair not in seen and _together(one, other):
            seen.add(pair)
            yield from _differing(source, by_claim[one.id], by_claim[other.id], what)
    yield from _same_sentence(source, told, seen)


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
                yield _fault(source, said, quantity, against, f"`{against.claim.id}` in full says otherwise")


def _one_subject(source: Source) -> Iterator[tuple[Claim, Claim, str]]:
    """Pairs of claims with one subject, and how that is known."""
    subjects = defaultdict[str, list[Claim]](list)
    for claim in sorted(source.spoken(), key=lambda c: (c.owner == source.slug, c.id)):
        if "topic" in claim.raw:
            subjects[f"the topic `{claim.raw['topic']}`"].append(claim)
        for question in sorted({text.casefold().strip(" ?.!") for text in claim.raw.get("questions", ())}):
            subjects[f"the question `{question}`"].append(claim)
        for duty in claim.covers:
            subjects[f"the duty `{duty}`"].append(claim)
    for subject, claims in subjects.items():
        for one, other in combinations(claims, 2):
            yield one, other, subject


def _differing(
    source: Source, one: tuple[Said, ...], other: tuple[Said, ...], subject: str
) -> Iterator[Diagnostic]:
    """Two claims on one subject that name something in the same unit and have no value of it in common."""
    mine = {said.language: said for said in other if said.variant == "says"}
    for first in (said for said in one if said.variant == "says" and said.language in mine):
        second = mine[first.language]
        known = _values(first.text)
        for unit, values in _values(second.text).items():
            if unit in known and not set(values) & set(known[unit]):
                quantity = next(q for q in _measured(second.text) if q.unit == unit)
                message = f"`{first.claim.id}`, which has {subject} too, says otherwise"
                yield _fault(source, second, quantity, first, message)


def _same_sentence(source: Source, told: list[Said], seen: set[frozenset[str]]) -> Iterator[Diagnostic]:
    """Sentences of two claims that differ in nothing but their numbers or a negation."""
    first = dict[tuple[str, tuple[str, ...]], list[tuple[Said, str, tuple[str, ...], bool]]]()
    for said in sorted(told, key=lambda s: (s.claim.owner == source.slug, s.claim.id)):
        for sentence, words, values, negated in _sentences(said.text):
            earlier = first.setdefault((said.language, words), [])
            for other, other_values, other_negated in ((o[0], o[2], o[3]) for o in earlier):
                pair = frozenset({said.claim.id, other.claim.id})
                if (values, negated) == (other_values, other_negated) or len(pair) == 1 or pair in seen:
                    continue
                if _together(said.claim, other.claim):
                    seen.add(pair)
                    yield _fault(
                        source, said, sentence, other, f"`{other.claim.id}` says otherwise in the same words"
                    )
            earlier.append((said, sentence, values, negated))


def _fault(source: Source, said: Said, what: Quantity | str, against: Said, why: str) -> Diagnostic:
    words = what if isinstance(what, str) else said.text[what.start : what.end]
    return CODE.at(
        wording.exact(source, said.span, words),
        f"`{words}` in `{said.claim.id}`, but {why}",
        labels=[Label(span=against.span, text="here")],
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


@lru_cache(maxsize=_CACHED_SENTENCES)
def _measured(text: str) -> tuple[Quantity, ...]:
    return tuple(quantities(text))


def _values(text: str) -> dict[str, list[str]]:
    """Unit -> what the text names in it."""
    found = defaultdict[str, list[str]](list)
    for quantity in _measured(text):
        found[quantity.unit].append(quantity.value)
    return found


@lru_cache(maxsize=_CACHED_SENTENCES)
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
