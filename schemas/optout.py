"""Opt-outs, matched on arrival: every language at once, through disguises and typing slips, and in doubt it is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from schemas.bundle import OptOutWords
from schemas.fold import normalise
from schemas.lexicon import ASKING, POLITE, Lexicon, Phrases, key_of, lexicon_of, words_of

Scope = Literal["tenant", "organisation"]

# Words that stop a clause they open or close ("stop texting", "i want this to stop"); other exact words must be the clause.
STRONG = frozenset({"stop", "unsubscribe", "unsub", "optout"})
MIN_SLIP_CHARS = 4  # a shorter word has too many neighbours for a typing slip to be told from another word
REPEATED_WORDS = 40  # a longer message is no word said again and again
CORRECTED_CHARS = (
    1_000  # a stop is short; correcting every word of a long letter would cost more than it finds
)

_BEFORE_A_FINAL_STOP = words_of(
    "to must should please pls just now said say saying it this that them you ok okay again and god gods sake christ jesus "
    "hell mate man love guys folks lads"
)
# "Can I cancel?" asks what a contract allows: no stop, unlike "cancel", "cancel me" or "can you cancel".
_MAY = words_of("can could may might should would will must do if")
_MAY_WHO = frozenset({"i", "we"})
_AFTER_ALL = frozenset({"it", "then", "still", "ever"})
_OF_A_CONTRACT = frozenset({"cancel", "end", "withdraw"})
_PLEADING = words_of("please pls kindly just")
_THEM = words_of("it this that them these those all now please ta thanks thank you")
_OPENERS = POLITE | (
    ASKING - {"i", "im", "ill", "id", "to", "it", "this", "that", "them", "these", "all", "want", "need"}
)
_CLAUSE_END = re.compile(
    r"[.!?;:,()\[\]\n\"|/—…]+|(?:(?<=\s)|^)(?:and|but|or|then|because|cos|coz|cuz|before|\+|&)(?=\s|$)"
)
_LETTER_ALONE = re.compile(r"\s*[^\W\d_][\s.!?]*\Z")
_NEIGHBOURS = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl0", "p": "ol",
    "a": "qsz", "s": "awdx", "d": "sefc", "f": "drgv", "g": "fthb", "h": "gyjn", "j": "hukm", "k": "jil", "l": "kop",
    "z": "asx", "x": "zsc", "c": "xdv", "v": "cfb", "b": "vgn", "n": "bhm", "m": "njk",
}  # fmt: skip


def match_opt_out(text: str, words: Mapping[str, OptOutWords]) -> tuple[Scope, str] | None:
    """(scope, lexicon entry) when the text asks us to stop, in any language; None when it clearly does not.

    A stop beside a question is still a stop. An `unless` phrase excuses only a hit that it overlaps, so "please don't stop"
    excuses itself and nothing else in the message. `organisation` is for the lexicon's `stop_all`. Never raises.
    """
    lexicon = lexicon_of(words)
    shadow = normalise(text, whole=False)
    if sign := _sign(shadow.text, lexicon):
        return "tenant", sign
    found: str | None = None
    for reading in _readings([view.text for view in shadow.views], lexicon):
        organisation, tenant = _read(reading, lexicon, text)
        if organisation:
            return "organisation", organisation
        found = found or tenant
    return ("tenant", found) if found else None


def _readings(views: list[str], lexicon: Lexicon) -> Iterator[str]:
    """The views, and the plainest with its typing slips put right."""
    yield from views
    if len(views[0]) <= CORRECTED_CHARS and (corrected := lexicon.corrected(views[-1])) not in views:
        yield corrected


def _read(reading: str, lexicon: Lexicon, original: str) -> tuple[str | None, str | None]:
    """What one reading of the text holds: (stop_all entry, other entry)."""
    whole = key_of(reading)
    if not whole or (len(whole) == 1 and _LETTER_ALONE.match(original) is None):
        return None, None  # "xx" is a kiss, and a sign that was folded away may have been the message
    # Nearly every message: one look at its words says that no clause of it counts.
    clauses: list[str] = []
    if not lexicon.anchors.isdisjoint(whole.split()):
        every = [key_of(clause) for clause in _CLAUSE_END.split(reading) if clause]
        clauses = [key for key in every if not lexicon.anchors.isdisjoint(key.split())]
    organisation = next((lexicon.all_exact[c] for c in (whole, *clauses) if c in lexicon.all_exact), None)
    organisation = organisation or _contained(whole, lexicon.all_contains, lexicon)
    tenant = _exact(whole, lexicon) or _contained(whole, lexicon.contains, lexicon)
    if tenant is None:
        tenant = next((hit for clause in clauses if (hit := _clause(clause, lexicon))), None)
    return organisation, tenant


# ---- ways to say it ---------------------------------------------------------------------------------------------------


def _exact(whole: str, lexicon: Lexicon) -> str | None:
    """The whole message is a lexicon word, spaced anyhow (`un subscribe`), or a typing slip away from one."""
    if whole in lexicon.exact:
        return lexicon.exact[whole]
    joined = whole.replace(" ", "")
    if len(joined) > 2 and joined in lexicon.compact:
        return lexicon.compact[joined]
    once = _once(whole.split())
    if once in lexicon.exact:
        return lexicon.exact[once]
    bare = _once([word for word in whole.split() if word not in POLITE])
    if len(bare) > 1 and bare in lexicon.exact:
        return lexicon.exact[bare]
    return _slip(bare, lexicon) if bare and " " not in bare else None


def _once(words: list[str]) -> str:
    """What is said again and again, said once: "no more no more" is "no more"."""
    for size in range(1, len(words) // 2 + 1):
        if len(words) <= REPEATED_WORDS and words[:size] * (len(words) // size) == words:
            return " ".join(words[:size])
    return " ".join(words)


def _clause(clause: str, lexicon: Lexicon) -> str | None:
    """A clause that is a stop once politeness is taken off, or that opens or closes with one of the strong words."""
    if clause in lexicon.exact:
        return None if _excused(clause, 0, lexicon) else lexicon.exact[clause]
    words = clause.split()
    if _asks_of_a_contract(words):
        return None
    plain = " ".join(_plainly(words))
    if len(plain) > 1 and plain in lexicon.exact:
        return None if _excused(clause, words.index(plain.split()[0]), lexicon) else lexicon.exact[plain]
    core = [word for word in words if word not in POLITE and word not in ASKING]
    bare = " ".join(core)
    if len(bare) > 1 and bare in lexicon.exact:
        return None if _excused(clause, words.index(core[0]), lexicon) else lexicon.exact[bare]
    for at, word in enumerate(words):
        if word not in _STRONG_KEYS or word not in lexicon.exact or _excused(clause, at, lexicon):
            continue
        opens = all(before in _OPENERS for before in words[:at])
        closes = at > 0 and at == len(words) - 1 and words[at - 1] in _BEFORE_A_FINAL_STOP
        closes = closes or (at > 0 and words[at - 1] in _PLEADING and set(words[at + 1 :]) <= _THEM)
        if opens or closes:
            return lexicon.exact[word]
    return None


def _asks_of_a_contract(words: list[str]) -> bool:
    """Whether the clause is "can I cancel", "should we end it" and nothing more."""
    said = [word for word in words if word not in POLITE and word not in _AFTER_ALL]
    return len(said) == 3 and said[0] in _MAY and said[1] in _MAY_WHO and said[2] in _OF_A_CONTRACT


def _plainly(words: list[str]) -> list[str]:
    """The clause without the politeness and the asking around it: "will you pack it in please" is "pack it in"."""
    start, end = 0, len(words)
    while start < end and words[start] in _OPENERS:
        start += 1
    while end > start and words[end - 1] in POLITE:
        end -= 1
    return words[start:end]


def _contained(whole: str, phrases: Phrases, lexicon: Lexicon) -> str | None:
    padded = f" {whole} "
    excuses: list[tuple[int, int, str]] | None = None
    for start, end, phrase in phrases.found(padded):
        if excuses is None:
            excuses = list(lexicon.unless.found(padded))
        if not _overlaps(excuses, start, end):
            return phrase
    return None


def _excused(clause: str, word_at: int, lexicon: Lexicon) -> bool:
    start = len(" ".join(clause.split()[:word_at])) + (1 if word_at else 0)
    return _overlaps(list(lexicon.unless.found(f" {clause} ")), start + 1, start + 2)


def _overlaps(excuses: list[tuple[int, int, str]], start: int, end: int) -> bool:
    """Whether the words of an excuse, less the blanks around them, meet this span."""
    return any(first + 1 < end and start < last - 1 for first, last, _ in excuses)


def _slip(word: str, lexicon: Lexicon) -> str | None:
    """The lexicon word that a swap, a doubled, a missed or a neighbouring key away from `word`, the whole message, may be."""
    for candidate in _slips(word):
        if len(candidate) >= MIN_SLIP_CHARS and " " not in candidate and candidate in lexicon.exact:
            return lexicon.exact[candidate]
    return None


def _slips(word: str) -> Iterator[str]:
    if not (MIN_SLIP_CHARS - 1 <= len(word) <= 14) or not word.isascii():
        return
    for i in range(len(word) - 1):
        yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    for i, c in enumerate(word):
        if len(word) > MIN_SLIP_CHARS + 2:  # "quite" is a word of its own
            yield word[:i] + word[i + 1 :]
        for near in _NEIGHBOURS.get(c, ""):
            yield word[:i] + near + word[i + 1 :]
    for i in range(1, len(word) + 1):  # a missed key, but never the first: "top" is not a stop
        for c in "abcdefghijklmnopqrstuvwxyz":
            yield word[:i] + c + word[i:]


def _sign(plain: str, lexicon: Lexicon) -> str | None:
    """A message of signs alone, one of which is a stop sign."""
    if any(c.isalnum() for c in plain):
        return None
    return next((entry for sign, entry in lexicon.signs.items() if sign in plain), None)


_STRONG_KEYS = frozenset(key_of(word) for word in STRONG)
