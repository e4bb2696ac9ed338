"""What every guardrail looks at, and what it returns. One check a file; the list of them stands in engine/review.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import re2

from runtime.messages import OFFER, Effect, Finding, OpenCase, Rendered, SendClass, Sentence
from schemas.bundle import Bundle, Claim
from schemas.text import Shadow, View, normalise


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply about to be committed, or a text under review, with all that a check may need to judge it.

    `parts`: one per outbox row. `due`: opening claims this person is owed before or with these words.
    `heard`: what the person wrote in this turn. `held`: a hold is in force or set by this turn.
    `opted_out`: an opt-out is in force. `private`: personal values that must not be spoken.
    `slots`: what the rows fill slots with.
    `vouched`: texts of `say` that the independent checker allowed. `free_text`: somebody's own words, judged against `cited`.
    """

    parts: tuple[Rendered, ...]
    bundle: Bundle
    now: datetime
    channel: str
    language: str
    sandbox: bool
    withdrawn: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()
    send_class: SendClass = SendClass.REPLY
    shown: Mapping[str, datetime]
    answers: Mapping[str, str]
    effects: tuple[Effect, ...] = ()
    open_cases: tuple[str, ...] = ()
    due: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    held: bool = False
    opted_out: bool = False
    private: tuple[str, ...] = ()
    vouched: frozenset[str] = frozenset()
    canary: str = ""
    free_text: bool = False
    cited: tuple[str, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return " ".join(part.text for part in self.parts)

    @property
    def case_opened(self) -> bool:
        """Whether a human has work because of this conversation: nobody may be promised without it."""
        return bool(self.open_cases) or any(isinstance(effect, OpenCase) for effect in self.effects)

    def placed(self) -> Iterator[tuple[int, Rendered]]:
        """Every message with the position of its first character in `text`."""
        start = 0
        for part in self.parts:
            yield start, part
            start += len(part.text) + 1

    def sentences(self) -> Iterator[tuple[int, Sentence]]:
        """Every sentence with the position of its first character in `text`."""
        for begin, part in self.placed():
            start = begin
            for sentence in part.sentences:
                yield start, sentence
                start += len(sentence.text) + 1

    def own_words(self) -> Iterator[tuple[int, str]]:
        """The words no claim stands behind. Of a free text, what it quotes of its cited claims to the letter is blank."""
        quoted = tuple(cited_texts(self)) if self.free_text else ()
        for start, sentence in self.sentences():
            if sentence.claim is None:
                # RE2 reads no half of a surrogate pair; one sign for one
                text = _UNPAIRED.sub("\ufffd", sentence.text)
                for wording in quoted:
                    text = text.replace(wording, " " * len(wording))
                yield start, text

    def choices(self) -> Iterator[tuple[str, Claim | None]]:
        """Every choice shown, with the claim whose approved words it is; None when nothing stands behind it."""
        for part in self.parts:
            yield from choices_of(part, self.bundle)


def cited_texts(reply: Reply) -> Iterator[str]:
    """Every approved wording of the claims cited, the tenant's own slots filled, the longest first."""
    tenant = reply.bundle.tenant
    claims = [reply.bundle.claims[i] for i in reply.cited if i in reply.bundle.claims]
    texts = {text for claim in claims for variants in claim.texts.values() for text in variants.values()}
    for text in sorted(texts, key=len, reverse=True):
        filled = text
        for name, value in tenant.values.items():
            filled = filled.replace(f"{{tenant.{name}}}", value)
        yield filled


def choices_of(part: Rendered, bundle: Bundle) -> tuple[tuple[str, Claim | None], ...]:
    """The choices of one message, each with the claim it belongs to: the topic of one offered, or an answer of the question."""
    asks = part.asks or ""
    behind: dict[str, Claim] = {}
    if asks.startswith(OFFER):
        offered = (bundle.claims.get(i) for i in asks.removeprefix(OFFER).split("|"))
        behind = {claim.topic: claim for claim in offered if claim is not None and claim.topic}
    elif (question := bundle.claims.get(asks)) is not None:
        behind = dict.fromkeys(question.options, question)
    return tuple((option, behind.get(option)) for option in part.options)


Check = Callable[[Reply], tuple[Finding, ...]]


_UNPAIRED = re.compile("[\ud800-\udfff]")


def block(rule: str, message: str, start: int = 0, end: int = 0) -> Finding:
    """A finding that keeps the reply from being sent."""
    return Finding(rule=rule, message=message, severity="block", start=start, end=end)


def guardrail_of(rule: str) -> str:
    """The guardrail a finding belongs to: `no-amounts` of `no-amounts/money`."""
    return rule.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing own words may not hold: an RE2 pattern over folded text, but for a hit that lies within one of `unless`.

    `says` is what a reader of the finding is told; it quotes nobody.
    """

    id: str
    says: str
    pattern: str
    unless: tuple[str, ...] = ()


# What an excuse covers ends where the sentence turns round: "I can't say, but you will win".
_TURN = re.compile(r"\b(?:but|however|though|although|except|and)\b")


def forbid(name: str, reply: Reply, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """Block own words that break any of the rules; `<name>/<rule>` is what the finding is called."""
    found: list[Finding] = []
    for start, text in reply.own_words():
        shadow = normalise(text)
        for rule in rules:
            span = broken(rule, shadow)
            if span is not None:
                found.append(block(f"{name}/{rule.id}", rule.says, start + span[0], start + span[1]))
    return tuple(found)


def broken(rule: Rule, shadow: Shadow) -> tuple[int, int] | None:
    """Where the text first breaks the rule, in code points of the original; None where it keeps it."""
    pattern = _program(rule.pattern)
    for view in shadow.views:
        excused: list[tuple[int, int]] | None = None
        for hit in pattern.finditer(view.text):
            excused = _excuses(rule, view) if excused is None else excused
            if not any(first <= hit.start() and hit.end() <= last for first, last in excused):
                return view.span(*hit.span())
    return None


@lru_cache(maxsize=1_024)
def _program(pattern: str) -> re2._Regexp:
    """Our own patterns are longer than a tenant's may be, and as linear."""
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = True
    options.log_errors = False
    return re2.compile(pattern, options)


def _excuses(rule: Rule, view: View) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for pattern in rule.unless:
        for hit in _program(pattern).finditer(view.text):
            turn = _TURN.search(view.text, hit.start() + 1, hit.end())
            spans.append((hit.start(), turn.start() if turn else hit.end()))
    return spans
