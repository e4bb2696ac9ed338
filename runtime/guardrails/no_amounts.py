"""no-amounts: no fact in own words (number, money, share, day, length of time, name of a body) but those of the claims cited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runtime.guardrails import Reply, Rule, block, forbid
from runtime.messages import Finding
from schemas.facts import Fact, facts_in, held_by, holds

NAME = "no-amounts"

_WHAT = {
    "money": "money", "share": "a share", "number": "a number", "date": "a day or date", "length": "a length of time",
    "time": "a time of day", "body": "the name of a body", "phone": "a telephone number", "email": "an e-mail address",
}  # fmt: skip

# Number words of other languages that are no English words, and those that are but count money where a currency follows.
_FOREIGN = (
    r"(eins|zwei|drei|vier|fue?nf|sechs|sieben|acht|neun|zehn|zwoe?lf|zwanzig|dreissig|vierzig|fue?nfzig|sechzig|siebzig|"
    r"achtzig|neunzig|(\w+)?hundert|(\w+)?tausend|deux|trois|quatre|cinq|huit|neuf|onze|douze|quinze|vingts?|trente|"
    r"quarante|cinquante|soixante|mille|cuatro|cinco|siete|ocho|nueve|diez|doce|veinte|treinta|cuarenta|cincuenta|"
    r"sesenta|ciento|cien|quinientos|jeden|dwa|dwie|trzy|cztery|piec|szesc|siedem|osiem|dziewiec|dziesiec|dwadziescia|"
    r"dwiescie|piecset|tysiace?|tysiecy|doua|patru|cinci|sapte|zece|sute|pedwar|chwech|saith|wyth|bunnoedd|teen sau|paanch|"
    r"chaar|hazaa?r|lakh|hajar|dosh|ponchash)"
)
_CURRENCY = (
    r"(pfund|livres?|libras?|funt(y|ow|ami|a)?|lire|liras?|sterline|zlot(y|ych|e)|euros?|lei|rupees?|rupaye|rupay|taka|"
    r"paunds?|pounds?|poundau|punt|punnoedd|punnau|dolari?|dollars?|pesos?|peniques|pence|penny|kronor|francs?|sterling)"
)

RULES = (
    Rule(
        id="another-language",
        says="counts in another language",
        pattern=(
            rf"\b({_FOREIGN}|(\w+ )?(pfund|livres( sterling)?|libras|funtow|funty|zlotych|bunnoedd|rupaye|paunds?|poundau|"
            rf"euros?|rupees?)|(ein|eine|un|une|uno|una|dos|tres|seis|mil|cent|six|sept|dix|sto|trei|sase|opt|noua|suta|mie|mii|"
            rf"dau|tri|pump|naw|deg|cant|mil|ek|do|teen|char|panch|saat|aath|nau|das|sau|tin|sat|at|noy|sho)"
            rf"( \w+)? {_CURRENCY})\b"
        ),
    ),
    Rule(
        id="size",
        says="says how much without a number",
        pattern=(
            r"\b(a (fortune|small fortune|lump sum|tidy sum|nice sum|windfall|pretty penny|"
            r"bomb)|(loads|lots|plenty|heaps|bags|a lot|a chunk|a fair bit|a bit|tons|wads|"
            r"most|all|the bulk|every bit) of (money|cash|it back|dosh|your money)|(big|large|"
            r"sizeable|substantial|significant|considerable|decent|huge|nice|life[- ]changing|"
            r"hefty|tidy) (sum|amount|payout|payment|refund|cheque|money|figures?|chunk)|"
            r"(six|five|four|seven)[- ]figures?|figures|up to|at least|as (much|little) as|"
            r"more than a|less than a|in the region of|the (going|average|usual|standard|typical) (rate|"
            r"amount|fee|figure|payout)|(on )?average|a while (back|ago)|years ago|months ago|"
            r"(dirt|very|really) cheap|peanuts)\b"
        ),
        unless=(
            (
                r"\b(can'?t|cannot|don'?t|no|not|without|never)[^.!?;,]{0,40} (figures?|up to|at least|"
                r"amount|sum|average)\b"
            ),
            r"\bup to (you|date|speed|now|this point|here|there)\b",
            r"\bit'?s up to\b",
            r"\bmore than a (little|bit|moment|fair)\b",
            r"\ba (bit|lot) of it\b",
            r"\bat least (you|that|we|it|i|let)\b",
        ),
    ),
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks every fact in own words that none of the cited claims holds, in a choice that its own claim does not hold, and
    in a row's value that no claim is about. A reply's `say` cites none.
    """
    allowed = held_by(_texts(reply, reply.cited)) if reply.free_text else frozenset()
    own = [] if reply.free_text else list(forbid(NAME, reply, RULES))
    own += [
        _finding(fact, "that no cited claim holds", start)
        for start, text in reply.own_words()
        for fact in facts_in(text)
        if fact.kind != "link" and not holds(allowed, fact)
    ]
    own += [
        block(f"{NAME}/{fact.kind}", f"{_WHAT[fact.kind]} in a choice, which its claim does not hold")
        for text, claim in reply.choices()
        for fact in facts_in(text)
        if fact.kind != "link"
        and not holds(held_by(_texts(reply, [claim.id] if claim is not None else [])), fact)
    ]
    return (*own, *_about_persons(reply))


def _about_persons(reply: Reply) -> Iterator[Finding]:
    """A name is no place for a fact: what a row says of a person is filled in as it stands."""
    for start, sentence in reply.sentences():
        claim = reply.bundle.claims.get(sentence.claim or "")
        for slot in claim.slots if claim is not None else ():
            value = reply.slots.get(slot, "")
            if slot.startswith("contact.") and facts_in(value):
                yield block(
                    f"{NAME}/in-a-name", "a fact in a person's own value", start, start + len(sentence.text)
                )


def _finding(fact: Fact, why: str, start: int) -> Finding:
    return block(f"{NAME}/{fact.kind}", f"{_WHAT[fact.kind]} {why}", start + fact.start, start + fact.end)


def _texts(reply: Reply, claims: Iterable[str]) -> frozenset[str]:
    return frozenset(_each_text(reply, claims))


def _each_text(reply: Reply, claims: Iterable[str]) -> Iterator[str]:
    """What the claims say, and what stands in their slots."""
    for claim_id in claims:
        claim = reply.bundle.claims.get(claim_id)
        if claim is not None:
            yield from (text for variants in claim.texts.values() for text in variants.values())
            yield from (
                reply.bundle.tenant.values.get(slot.removeprefix("tenant."), "") for slot in claim.slots
            )
