"""A number, a date, an address or a promise in words that no claim carries.

What people are told is stated by claims, which somebody approved. Words outside the register may therefore state nothing:
no number (in digits or words: "twenty-five percent"), sum, percentage, date, duration ("a week"), telephone number, web or
mail address, and no promise. Where the line runs:

- The persona's `phrases` are said to people as they stand, and belong to no claim: nothing of the kind may stand in them.
- The title of a quick reply may name what the claims it gives hold, and no more. (Topics and answers on buttons: CV5024.)
- Names (the tenant's and the assistant's, the brand, the topic, the trade, the title of a page, the sender of a mail) may
  hold a bare number or a year, as names do, but no sum, percentage, duration, telephone number, address or promise.
- The `prompt` is an instruction to the model and said to nobody. Limits on its own writing ("at most two sentences", "reading
  age 9") are instructions. Anything a customer could be told is not: a sum, a date, a duration, an address, any other number,
  or a promise, for the model would repeat it as a fact. What a sentence forbids ("never promise a call") it does not promise;
  but only what the negation governs is forbidden: "we guarantee a refund, no matter what" and "never forget: a colleague will
  call" promise. A number is a statement even where it is forbidden: such wording has its place in `prohibited` claims.
- What the files of the firm fill in (`{{ persona.voice.reading_age }}`, the hours and numbers under `values`) is not looked at:
  it reaches people through the slots of claims only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from compiler.diagnostics import Code, Diagnostic, Span
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.forbidden import forbidden
from compiler.source.model import Source
from compiler.source.once import of_text
from compiler.source.wording import Stated, stated
from schemas.promises import PROMISES

CODE = Code(
    code="CV5025",
    name="unclaimed-statement",
    summary="a number, date, address or promise in words that no claim carries",
    explanation=__doc__,
    bad="phrases: [You will hear from us within a week.]",
    good="phrases: [Thanks for asking.]",
)
NEEDS = frozenset({"claims", "journeys", "persona", "tenant"})

_IN_NAMES = {wording.NUMBER, "a year", "a month", "a time of day"}
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s|$)[^.!?\n]*)*")
# A limit on what the model itself writes.
_COUNT = (
    r"(?:\d[\d–-]*|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|"
    r"eighty|hundred)(?:-\w+)?)"
)
_LIMIT = re.compile(
    rf"\b(?:{_COUNT} (?:or|to|and) )?{_COUNT} (?:(?:short|plain|simple|full|long|whole|single|different|more|of) )*"
    r"(?:words?|sentences?|lines?|letters?|characters?|chars?|paragraphs?|questions?|moves?|messages?|replies|reply|points?|"
    r"bullets?|options?|choices|claims?|statements?|phrases?|topics?|emojis?|languages?|commas?)\b"
    r"|\b(?:age|grade|level|step|rule|point|part|section|option) (?:of )?\d+\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^\s*\d+[.)](?=\s)", re.MULTILINE)  # a list of instructions
_NOT_COUNTED = {
    "half",
    "double",
    "triple",
    "hundred",
    "thousand",
    "million",
}  # "double-check", "a thousand ways"


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    persona = source.sections["persona"]
    for index, phrase in enumerate(persona["phrases"]):
        yield from _loose(source, phrase, persona["phrases"].item(index), "a phrase")
    for reply in source.sections["journeys"]["quick_replies"]:
        held = _held(source, reply["claims"])
        yield from _loose(source, reply["title"], reply.value("title"), "the title of a quick reply", held)
    for text, span in wording.names(source):
        yield from _loose(source, text, span, "a name", may=_IN_NAMES)
    for fact in _instructed(persona["prompt"]):
        span = wording.exact(source, persona.value("prompt"), fact.words)
        yield CODE.at(
            span,
            f"`{fact.words}` ({fact.what}) stands in the prompt, and no claim carries it",
            help="make it a claim, which the model can name; forbid wording by a prohibited entry",
        )


def _loose(
    source: Source,
    text: str,
    span: Span,
    where: str,
    held: Collection[str] = (),
    *,
    may: Collection[str] = (),
) -> Iterator[Diagnostic]:
    for fact in stated(text):
        if fact.key not in held and fact.what not in may:
            yield CODE.at(
                wording.exact(source, span, fact.words),
                f"`{fact.words}` ({fact.what}) stands in {where}, and no claim carries it",
                help="say it in a claim, or leave it out",
            )


def _held(source: Source, claims: Collection[str]) -> set[str]:
    """What the wording of these claims states, slots filled with the tenant's values."""
    given = [source.claims[name] for name in claims if name in source.claims]
    values = source.sections["tenant"]["values"]
    texts = [text for claim in given for variants in claim.texts.values() for text in variants.values()]
    texts += [values.get(slot.removeprefix("tenant."), "") for claim in given for slot in claim.slots]
    return {fact.key for text in texts for fact in stated(text)}


@of_text
def _instructed(prompt: str) -> tuple[Stated, ...]:
    """What a prompt states that a customer could be told."""
    facts: list[Stated] = []
    for sentence in _SENTENCE.findall(_NUMBERED.sub(" ", _JINJA.sub(" ", prompt))):
        limits = [limit.span() for limit in _LIMIT.finditer(sentence)]
        bare = "".join(" " if any(a <= i < b for a, b in limits) else c for i, c in enumerate(sentence))
        facts += [f for f in stated(bare) if f.what not in PROMISES and f.key not in _NOT_COUNTED]
        facts += [fact for fact, start in wording.promises(bare) if not forbidden(bare, start)]
    return tuple(facts)
