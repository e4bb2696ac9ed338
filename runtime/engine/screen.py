"""The screen: what a person's messages signal, over every reading of them, before anything else is done."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import accumulate

from runtime.engine.handoff import asks_for_person
from runtime.engine.tongue import Tongue, tongue_of
from runtime.messages import Signal, Stop, Turn, Verdict
from schemas.bundle import Bundle, Category, Pattern
from schemas.decode import decoded
from schemas.fold import WHOLE
from schemas.text import View, compile_pattern, compile_patterns, match_opt_out, normalise

HUMAN_REQUEST = "human_request"
HANDOFF_WORDS = "handoff_words"
WHOLE_UP_TO_PRIORITY = (
    1  # amid a very long text a life and a hold are looked for; the rest at its head and its tail
)
MAX_HITS_JUDGED = 32  # per pattern and reading: enough for any honest message
SPLIT_WITHIN = timedelta(minutes=10)  # what was said before that is not the beginning of this
JOINED_CHARS = 1_000  # of each message, where several are read as one
_SENTENCE_END = ".!?;\n"


def screen(turn: Turn) -> Verdict:
    """The verdict on all pending messages together: every signal of each, the stop, the language of the last words."""
    bundle = turn.active
    signals = tuple(s for p in turn.pending for s in signals_of(p.text, bundle, p.seq))
    signals += tuple(_over_messages(turn, {s.category for s in signals}))
    stop = next((p.stop for p in reversed(turn.pending) if p.stop), None)
    if stop is None:  # matched on arrival as a rule; again here, so that no way in can leave it out
        stop = next((s for p in turn.pending if (s := _stop(p.text, bundle))), None)
    if stop is None and len(turn.pending) > 1:
        stop = _stop(" ".join(p.text for p in turn.pending), bundle)
    words = next((p.text for p in reversed(turn.pending) if p.text.strip()), "")
    home = bundle.tenant.language
    spoken = tongue_of(words, detected=turn.detected, preferred=turn.language or home, home=home)
    return _verdict(signals, stop, spoken, bundle)


def screen_text(text: str, bundle: Bundle, detected: str | None = None) -> Verdict:
    """The verdict on one message on its own, as `convo screen` prints it."""
    home = bundle.tenant.language
    spoken = tongue_of(text, detected=detected, preferred=home, home=home)
    return _verdict(tuple(signals_of(text, bundle, 0)), _stop(text, bundle), spoken, bundle)


def screen_action(verdict: Verdict, bundle: Bundle) -> str:
    """What follows first: safety | stop | handoff | canned | answer."""
    seen = {s.category for s in verdict.signals}
    found = [c for c in bundle.categories if c.id in seen]
    if any(c.priority == 0 for c in found):
        return "safety"
    if verdict.stop is not None:
        return "stop"
    if HUMAN_REQUEST in seen or any(c.case and c.after <= 1 for c in found):
        return "handoff"
    return "canned" if any(c.reply for c in found) else "answer"


def signals_of(text: str, bundle: Bundle, seq: int) -> Iterator[Signal]:
    """One signal for each category the text shows."""
    shadow = normalise(text)
    readings = [_Reading(view.kind, view, None) for view in shadow.views]
    readings += [
        _Reading(found.kind, view, (found.start, found.end))
        for found in decoded(text)
        for view in normalise(found.text).views
    ]
    wanted = asks_for_person(shadow, bundle.handoff_words)
    by_word = Signal(
        category=HUMAN_REQUEST,
        pattern=HANDOFF_WORDS,
        seq=seq,
        start=wanted[0] if wanted else 0,
        end=wanted[1] if wanted else 0,
    )
    for category in _by_gravity(bundle):
        signal = _first(category, readings, seq)
        if signal is not None:
            yield signal
        elif wanted is not None and category.id == HUMAN_REQUEST:
            yield by_word
    if wanted is not None and not any(c.id == HUMAN_REQUEST for c in bundle.categories):
        yield by_word


def _over_messages(turn: Turn, seen: Collection[str]) -> Iterator[Signal]:
    """What is said over several messages: hits that begin in one and end in another, of categories not seen in any alone.

    What they wrote just before our last words counts as the beginning; it was screened by itself in its own turn.
    """
    before = next((line for line in reversed(turn.history) if not line.ours), None)
    parts = [p.text[-JOINED_CHARS:] for p in turn.pending if p.text.strip()]
    if before is not None and turn.now - before.at <= SPLIT_WITHIN:
        parts.insert(0, before.text[-JOINED_CHARS:])
    if len(parts) < 2:
        return
    seams = list(accumulate(len(part) + 1 for part in parts[:-1]))
    readings = [_Reading(view.kind, view, None) for view in normalise(" ".join(parts)).views]
    for category in _by_gravity(turn.active):
        if category.id not in seen:
            signal = _first(category, readings, turn.pending[-1].seq, seams)
            if signal is not None:
                yield replace(signal, start=0, end=0, reading="messages")


# ---- patterns ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reading:
    kind: str
    view: View
    run: tuple[int, int] | None  # where in the message that which was decoded stands

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.run if self.run is not None else self.view.span(start, end)


def _by_gravity(bundle: Bundle) -> list[Category]:
    return sorted(bundle.categories, key=lambda c: c.priority)


def _first(
    category: Category, readings: Sequence[_Reading], seq: int, seams: Sequence[int] = ()
) -> Signal | None:
    """The first pattern of the category that counts in any reading, and where; with `seams`, only a hit that spans one.

    Raises PatternError.
    """
    patterns = compile_patterns(tuple(pattern.match for pattern in category.patterns))
    for reading in readings:
        if reading.kind == WHOLE and category.priority > WHOLE_UP_TO_PRIORITY:
            continue
        for n in sorted(patterns.in_text(reading.view.text)):
            for hit in _counting(category.patterns[n], reading.view.text):
                start, end = reading.span(*hit)
                if not seams or any(start < seam < end for seam in seams):
                    return Signal(
                        category=category.id,
                        pattern=category.patterns[n].id,
                        seq=seq,
                        start=start,
                        end=end,
                        reading=reading.kind,
                    )
    return None


def _counting(pattern: Pattern, text: str) -> Iterator[tuple[int, int]]:
    """Where the pattern stands outside a sentence that excuses it."""
    excuses = [compile_pattern(excuse) for excuse in pattern.unless]
    for i, hit in enumerate(compile_pattern(pattern.match).finditer(text)):
        start, end = hit.span()
        sentence = _sentence_around(text, start, end) if excuses and i < MAX_HITS_JUDGED else ""
        if not any(excuse.search(sentence) for excuse in excuses):
            yield start, end


def _sentence_around(text: str, start: int, end: int) -> str:
    first = max((text.rfind(mark, 0, start) for mark in _SENTENCE_END), default=-1) + 1
    last = min((at for mark in _SENTENCE_END if (at := text.find(mark, end)) >= 0), default=len(text))
    return text[first:last]


def _stop(text: str, bundle: Bundle) -> Stop | None:
    found = match_opt_out(text, bundle.opt_out)
    return Stop(scope=found[0], matched=found[1]) if found else None


def _verdict(signals: tuple[Signal, ...], stop: Stop | None, spoken: Tongue, bundle: Bundle) -> Verdict:
    order = {c.id: (c.priority, i) for i, c in enumerate(bundle.categories)}
    by_priority = sorted(signals, key=lambda s: (*order.get(s.category, (2, len(order))), s.seq))
    return Verdict(signals=tuple(by_priority), stop=stop, language=spoken.tag, language_sure=spoken.sure)
