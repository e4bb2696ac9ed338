"""Parse: a model's JSON read strictly into moves; whatever is not exactly what was asked for refuses the whole draft.

Every refusal says which rule was broken and where in the answer, and quotes nothing of it: an answer may hold anybody's words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from runtime.engine.answers import BROUGHT
from runtime.engine.compose import REASONS
from runtime.engine.leak import canary_of, holds, texts_of
from runtime.engine.scene import Scene
from runtime.engine.wordings import is_phrase, names_an_id, repeats_the_register
from runtime.guardrails import block
from runtime.guardrails.registered_facts import wording
from runtime.messages import (
    Act,
    Ask,
    Choose,
    Finding,
    GiveLink,
    HandOff,
    Move,
    Offer,
    Say,
    State,
    Tell,
)
from schemas.bundle import Claim
from schemas.text import visible

MAX_MOVES = 8
MAX_JSON_CHARS = 8_000
MAX_DEPTH = 6  # an object of a list of objects of a list is four
MAX_SAYS = 2
MAX_SAY_CHARS = 160
SHARED_WORDS = (
    6  # so many words in a row from the register are the register's own, and are said by id or not at all
)
CACHED_BUNDLES = 16

_MARKUP = re.compile(r"[{}\[\]<>|`\\]")
# Control signs and halves of surrogate pairs: JSON can write them, nobody can read them, and not every store takes them.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class DraftRefused(Exception):
    """What the model returned is not a list of known moves over known ids. `findings` say why, each with its rule and span."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(", ".join(dict.fromkeys(finding.rule for finding in findings)))
        self.findings = findings

    @property
    def leaked(self) -> bool:
        """The answer holds the prompt's secret mark: the same prompt is not to be shown again."""
        return any(finding.rule == "draft/canary" for finding in self.findings)


def parse_moves(json_text: str, scene: Scene) -> tuple[tuple[Move, ...], str]:
    """(moves, language) from a model's JSON. Raises DraftRefused for anything that is not exactly what was asked for."""
    canary = canary_of(scene.bundle)
    if holds(canary, json_text):
        _refuse("draft/canary", "the prompt's secret mark is in the answer", json_text)
    document = _document(json_text)
    if holds(canary, "".join(texts_of(document))):  # in escapes, or cut over several sentences
        _refuse("draft/canary", "the prompt's secret mark is in the answer", json_text)
    if not isinstance(document, dict) or set(document) != {"moves", "language"}:
        _refuse("draft/shape", "not an object of moves and language", json_text)
    moves, language = document["moves"], document["language"]
    if not isinstance(moves, list) or not moves or not isinstance(language, str):
        _refuse("draft/shape", "moves are a list and the language is a text", json_text)
    if len(moves) > MAX_MOVES:
        _refuse("draft/too-many-moves", f"more than {MAX_MOVES} moves", json_text)
    reader = _Reader(scene=scene, json_text=json_text)
    if language.split("-", maxsplit=1)[0] != scene.language.split("-", maxsplit=1)[0]:
        reader.found("draft/language", "another language than the reply's", language)
    read = tuple(move for raw in moves if (move := reader.move(raw)) is not None)
    reader.together(read)
    if reader.findings:
        raise DraftRefused(*reader.findings)
    return read, language


def _document(json_text: str) -> Any:
    if len(json_text) > MAX_JSON_CHARS:
        _refuse("draft/too-long", f"more than {MAX_JSON_CHARS} characters", json_text)
    if _depth(json_text) > MAX_DEPTH:
        _refuse("draft/too-deep", f"nested more than {MAX_DEPTH} deep", json_text)
    try:
        document = json.loads(
            json_text,
            object_pairs_hook=_no_twice,
            parse_int=_no_number,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as error:
        raise DraftRefused(block("draft/not-json", "not JSON", 0, len(json_text))) from error
    if _UNREADABLE.search("".join(texts_of(document))):
        _refuse("draft/unreadable", "a control sign or half of a character", json_text)
    return document


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one move after the other, and notes everything that is wrong with any of them."""

    scene: Scene
    json_text: str
    findings: list[Finding] = field(default_factory=list)

    def found(self, rule: str, message: str, value: str = "") -> None:
        """`value` is what the answer holds there; the finding has only its place."""
        start, end = _span(self.json_text, value)
        self.findings.append(block(rule, message, start, end))

    def move(self, raw: Any) -> Move | None:
        match raw:
            case {"say": str(text), **rest} if not rest:
                return self._say(text)
            case {"claim": str(claim_id), **rest} if set(rest) <= {"variant"}:
                return self._stated(claim_id, rest.get("variant", "full"))
            case {"ask": str(claim_id), **rest} if not rest:
                return self._asked(claim_id)
            case {"offer": list(ids), **rest} if not rest:
                return self._offered(ids)
            case {"link": str(link_id), **rest} if not rest:
                return self._link(link_id)
            case {"tell": str(template), **rest} if set(rest) <= {"slots"}:
                return self._told(template, rest.get("slots", {}))
            case {"choose": [*options], **rest} if not rest and options and all(_is_text(o) for o in options):
                return Choose(options=tuple(options))
            case {"act": "book" | "reschedule" | "cancel" | "correct" as what, **rest} if not rest:
                return Act(what=what)
            case {"handoff": str(reason), **rest} if not rest:
                return HandOff(reason=f"model:{reason}" if reason in REASONS else "model")
            case {"silence": True, **rest} if not rest:
                self.found(
                    "draft/silence", "whoever asked is answered; that nothing is to add is decided before"
                )
                return None
            case _:
                self.found("draft/unknown-move", "an unknown move, or one with unknown parts")
                return None

    def together(self, moves: tuple[Move, ...]) -> None:
        """What no move does wrong alone."""
        says = [move.text for move in moves if isinstance(move, Say)]
        if len(says) > MAX_SAYS:
            self.found("draft/too-many-says", f"more than {MAX_SAYS} sentences of its own")
        own = " ".join(say for say in says if not is_phrase(say, self.scene.bundle))
        if len(says) > 1 and own and repeats_the_register(own, self.scene.bundle):
            self.found("draft/say-holds-claim", "the register's words over two sentences")
        offered: set[str] = set()
        for move in moves:
            if isinstance(move, Ask):
                offered = set(self.scene.bundle.claims[move.id].options)
            if isinstance(move, Choose) and not set(move.options) <= offered:
                self.found("draft/choose", "options of no question that was asked before them")
        if sum(isinstance(move, Ask | Offer) for move in moves) > 1:
            self.found("draft/two-questions", "more than one question")

    # ---- one move each ---------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> Move | None:
        before = len(self.findings)
        plain = visible(text).strip()
        if not plain:
            self.found("draft/say-empty", "an empty sentence")
        if len(text) > MAX_SAY_CHARS:
            self.found("draft/say-long", f"more than {MAX_SAY_CHARS} characters", text)
        if _MARKUP.search(text) or "\n" in plain:
            self.found("draft/say-markup", "signs of a move or a mark in a sentence", text)
        else:
            self._own_words(text, plain)
        return Say(text=text) if len(self.findings) == before else None

    def _own_words(self, text: str, plain: str) -> None:
        """A sentence of a model's own may neither name what the register holds nor repeat it."""
        if is_phrase(plain, self.scene.bundle):
            return
        if names_an_id(plain, self.scene.bundle):
            self.found("draft/say-holds-id", "an id in a sentence", text)
        if repeats_the_register(plain, self.scene.bundle):
            self.found("draft/say-holds-claim", "the register's words in a sentence", text)

    def _stated(self, claim_id: str, variant: Any) -> Move | None:
        claim = self._sayable(claim_id)
        if claim is None:
            return None
        if not isinstance(variant, str) or variant not in ("full", "short", "answer"):
            self.found("draft/unknown-variant", f"{claim.id}: a variant that there is not")
            return None
        # The schema makes a model name a variant; what is not written for this claim is said in full.
        return State(id=claim.id, variant=variant if wording(claim, self.scene.language, variant) else "full")

    def _asked(self, claim_id: str) -> Move | None:
        claim = self._sayable(claim_id)
        if claim is not None and claim.kind != "question":
            self.found("draft/not-a-question", f"{claim.id} is not a question", claim_id)
            return None
        return Ask(id=claim.id) if claim is not None else None

    def _offered(self, ids: list[Any]) -> Move | None:
        if not 2 <= len(ids) <= 3 or not all(_is_text(i) for i in ids) or len(set(ids)) != len(ids):
            self.found("draft/offer", "an offer is of two or three different ids")
            return None
        claims = [self._sayable(i) for i in ids]
        return Offer(ids=tuple(ids)) if all(claim is not None for claim in claims) else None

    def _link(self, link_id: str) -> Move | None:
        if link_id not in self.scene.bundle.links:
            self.found("draft/unknown-link", "a link that this bundle does not hold", link_id)
            return None
        return GiveLink(id=link_id)

    def _told(self, template: str, slots: Any) -> Move | None:
        claim = self._sayable(template)
        if claim is None:
            return None
        if not isinstance(slots, dict) or not set(slots) <= set(claim.slots):
            self.found("draft/unknown-slot", f"{claim.id}: a slot that there is not")
            return None
        # Values come from rows, never from a model.
        return Tell(template=template, slots=dict.fromkeys(slots, ""))

    def _sayable(self, claim_id: str) -> Claim | None:
        claim = self.scene.bundle.claims.get(claim_id)
        if claim is None:
            self.found("draft/unknown-claim", "an id that this bundle does not hold", claim_id)
            return None
        reason = self.scene.why_not(claim)
        if reason is not None:
            self.found("draft/not-sayable", f"{claim.id}: {reason}", claim_id)
            return None
        if claim.kind == "line" and claim.when in BROUGHT:
            self.found("draft/line-with-an-effect", f"{claim.id} is said only by what it announces", claim_id)
            return None
        return claim


# ---- small things -----------------------------------------------------------------------------------------------------------


def _refuse(rule: str, message: str, json_text: str = "") -> NoReturn:
    raise DraftRefused(block(rule, message, 0, len(json_text)))


def _span(json_text: str, value: str) -> tuple[int, int]:
    """Where a value stands in the answer, as it is written there; (0, 0) where it is not one place."""
    if value:
        for written in (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
            start = json_text.find(written)
            if start >= 0:
                return start, start + len(written)
    return 0, 0


def _depth(json_text: str) -> int:
    """How deep brackets are nested. Those inside texts count too: nothing that is wanted has so many."""
    deepest = depth = 0
    for sign in json_text:
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _no_twice(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise DraftRefused(block("draft/duplicate-key", "a key stands twice"))
    return dict(pairs)


def _no_number(_: str) -> NoReturn:
    raise DraftRefused(block("draft/number", "a number where a move has none"))
