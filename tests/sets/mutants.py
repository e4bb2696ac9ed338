"""`python -m tests.sets.mutants`: claims of the shipped registers with a number, date, name or negation changed, and with the
same said in other figures: the share of changes that review catches, and of mere respellings that it blocks.

Each is told in two ways: as the claim itself (`claim`), and as somebody's own text that cites it (`cited`). Counted are
the checks of facts alone (registered-facts, no-amounts, links): the rest is measured by `python -m tests.sets`.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from runtime.engine.review import review, review_text
from runtime.guardrails import Reply, guardrail_of
from runtime.messages import Rendered, Sentence
from schemas.bundle import Bundle, Claim
from schemas.facts import Fact, facts_in
from schemas.numberwords import SMALL
from tests.sets.measure import NOON, bundles

SEED = 20261124
CHECKS = frozenset({"registered-facts", "no-amounts", "links"})
_WORDS = {str(value): word for word, value in SMALL.items() if word != "nought"}
_MONTH_NAMES = "January February March April May June July August September October November December"
_MONTHS = tuple(_MONTH_NAMES.split())
_BODIES = ("FCA", "Ofgem", "Energy Ombudsman", "Legal Ombudsman", "Supreme Court", "Information Commissioner")
_AUXILIARY = re.compile(r"\b(is|are|was|were|will|can|may|must|has|have|could|does)\b(?! not\b)")
_NEGATED = re.compile(
    r"\b(is|are|was|were|do|does|did|could|has|have)n't\b|\b(is|are|was|were|will|may|must|has|have|does|do) not\b"
    r"|\bcan't\b|\bwon't\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """A claim's text told otherwise. `how`: number, date, body, negation or respelt; only the last says the same."""

    bundle: Bundle
    claim: Claim
    how: Literal["number", "date", "body", "negation", "respelt"]
    text: str


def retold(seed: int = SEED) -> Iterator[Retold]:
    """Every fact of every claim of both tenants changed and respelt, in an order that the seed gives."""
    chance = random.Random(seed)
    for bundle in bundles():
        for claim in bundle.claims.values():
            text = filled(claim, bundle)
            if text is not None:
                for how, other in (*_changed(text, chance), *_respelt(text)):
                    yield Retold(bundle=bundle, claim=claim, how=how, text=other)


def filled(claim: Claim, bundle: Bundle) -> str | None:
    """The full wording with the tenant's own values; None where it needs a person's rows."""
    text = claim.texts[bundle.tenant.language]["full"]
    for name, value in {**bundle.tenant.values, "hours": bundle.tenant.hours_text}.items():
        text = text.replace(f"{{tenant.{name}}}", bundle.tenant.values.get(name, value))
    text = text.replace("{ref}", "example-ref")
    return None if "{" in text else text


def caught_as_claim(told: Retold) -> bool:
    """Whether the text is blocked that says it is the claim."""
    sentence = Sentence(text=told.text, claim=told.claim.id, variant="full", digest=told.claim.digest)
    reply = Reply(
        parts=(Rendered(sentences=(sentence,)),), bundle=told.bundle, now=NOON, channel="webchat",
        language=told.bundle.tenant.language, sandbox=True, shown={}, answers={}, audience=frozenset(told.claim.audience),
    )  # fmt: skip
    return any(f.severity == "block" and f.rule == "registered-facts/wording" for f in review(reply))


def caught_as_cited(told: Retold) -> bool:
    """Whether the text is blocked for its facts when it is somebody's own words that cite the claim."""
    found = review_text(told.text, told.bundle, (told.claim.id,))
    return any(f.severity == "block" and guardrail_of(f.rule) in CHECKS for f in found)


def shares(seed: int = SEED) -> dict[tuple[str, str], tuple[int, int]]:
    """(way, how) -> (blocked, of). A respelt claim is no claim, so it counts only as somebody's own text."""
    blocked: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for told in retold(seed):
        ways = [("cited", caught_as_cited(told))]
        if told.how != "respelt":
            ways.append(("claim", caught_as_claim(told)))
        for way, caught in ways:
            total[way, told.how] += 1
            blocked[way, told.how] += caught
    return {key: (blocked[key], of) for key, of in sorted(total.items())}


# ---- telling it otherwise -------------------------------------------------------------------------------------------------


def _changed(
    text: str, chance: random.Random
) -> Iterator[tuple[Literal["number", "date", "body", "negation"], str]]:
    for fact in facts_in(text):
        said = text[fact.start : fact.end]
        match fact.kind:
            case "body":
                other = chance.choice(
                    [
                        body
                        for body in _BODIES
                        if body.casefold() not in said.casefold() and said.casefold() not in body.casefold()
                    ]
                )
                yield "body", _put(text, fact, other)
            case "date":
                yield from (("date", _put(text, fact, other)) for other in _other_dates(said, chance))
            case "link" | "email":
                continue
            case _:
                yield from (("number", _put(text, fact, other)) for other in _other_numbers(said, chance))
    if (hit := _AUXILIARY.search(text)) is not None:
        yield "negation", f"{text[: hit.end()]} not{text[hit.end() :]}"
    if (hit := _NEGATED.search(text)) is not None:
        yield (
            "negation",
            text[: hit.start()]
            + re.sub(r"n't| not", "", hit[0]).replace("ca", "can").replace("wo", "will")
            + text[hit.end() :],
        )


def _other_dates(said: str, chance: random.Random) -> Iterator[str]:
    if (year := re.search(r"\b\d{4}\b", said)) is not None:
        yield said.replace(year[0], str(int(year[0]) + chance.choice((-1, 1, 2))))
    if (day := re.match(r"\d{1,2}\b", said)) is not None:
        yield str(int(day[0]) % 28 + 1) + said[day.end() :]
    month = next((name for name in _MONTHS if name in said), None)
    if month is not None:
        yield said.replace(month, chance.choice([name for name in _MONTHS if name != month]))


def _other_numbers(said: str, chance: random.Random) -> Iterator[str]:
    if (digits := re.search(r"\d+", said)) is not None:
        at = chance.randrange(len(digits[0]))
        other = str((int(digits[0][at]) + chance.randrange(1, 9)) % 10)
        yield said[: digits.start() + at] + other + said[digits.start() + at + 1 :]
    for value, word in _WORDS.items():
        if re.search(rf"\b{word}\b", said):
            yield re.sub(rf"\b{word}\b", _WORDS[str(int(value) % 18 + 1)], said)


def _respelt(text: str) -> Iterator[tuple[Literal["respelt"], str]]:
    yield "respelt", f"To be clear: {text}"
    for fact in facts_in(text):
        said = text[fact.start : fact.end]
        for other in _same(said, fact):
            yield "respelt", _put(text, fact, other)


def _same(said: str, fact: Fact) -> Iterator[str]:
    if fact.kind == "date" and (hit := re.fullmatch(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4})", said)) is not None:
        month = _MONTHS.index(hit[2]) + 1
        yield from (
            f"{hit[1]}/{month}/{hit[3]}",
            f"{hit[2]} {hit[1]}, {hit[3]}",
            f"{hit[3]}-{month:02}-{int(hit[1]):02}",
        )
        yield from (f"the {hit[1]}th of {hit[2]} {hit[3]}", f"{hit[1]} {hit[2][:3]} {hit[3]}")
    if fact.kind == "phone":
        yield from (re.sub(r"\D", "", said), said.replace(" ", "-"))
    if fact.kind == "money" and "million" in said:
        whole = int(Decimal(re.sub(r"[^\d.]", "", said)) * 1_000_000)
        yield from (f"£{whole:,}", said.replace(" million", "m"))
    if fact.kind == "number" and "," in said:
        yield said.replace(",", "")
    if fact.kind == "length":
        for value, word in _WORDS.items():
            if re.search(rf"\b(?:{word}|{value})\b", said):
                yield re.sub(rf"\b(?:{word}|{value})\b", value if word in said else word, said)


def _put(text: str, fact: Fact, other: str) -> str:
    return text[: fact.start] + other + text[fact.end :]


def main() -> None:
    """Prints one line a way and sort."""
    for (way, how), (blocked, of) in shares().items():
        print(f"{way:6} {how:9} blocked {blocked / of:.3f} of {of}")


if __name__ == "__main__":
    main()
