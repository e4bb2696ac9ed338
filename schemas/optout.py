"""Opt-outs, matched on arrival: every language at once, through disguises and typing slips, and in doubt it is one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import re2

from schemas.bundle import OptOutWords
from schemas.fold import normalise

Scope = Literal["tenant", "organisation"]

# Always on, whatever a tenant's file says: a lost or empty lexicon must not make us deaf.
BUILT_IN = OptOutWords(
    exact=("stop", "unsubscribe", "🛑"),
    contains=("stop messaging me", "stop contacting me"),
    unless=(),
    stop_all=("stop all", "stopall"),
)
# Words that stop a clause they open or close ("stop texting", "i want this to stop"); other exact words must be the clause.
STRONG = frozenset({"stop", "unsubscribe", "unsub", "optout"})
LEXICONS_KEPT = 64
PROGRAM_MEMORY_BYTES = 16 << 20
MIN_SLIP_CHARS = 4  # a shorter word has too many neighbours for a typing slip to be told from another word


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_POLITE = _words(
    "please pls ok okay oh hi hello hey dear thanks thank ta cheers sorry right well so just now kindly asap "
    "immediately again already today also really honestly seriously actually fgs omg hiya thankyou pal love bye anymore "
    "x xx xxx sir madam mate lol ffs yes yeah no"
)
_ASKING = _words(
    "can could will would you u we i im ill id want need to it this that them these all say said u"
)
_EVERYDAY = _words("do not no more get out off my your me us it take let make the of on back list number")
_BEFORE_A_FINAL_STOP = _words(
    "to must should please pls just now said say saying it this that them you ok okay again and"
)
_SHORTHAND = {
    "u": "you", "ur": "your", "plz": "please", "pls": "please", "txt": "text", "txts": "texts", "txting": "texting",
    "msg": "message", "msgs": "messages", "msging": "messaging", "mssg": "message", "thx": "thanks",
    "txtin": "texting", "textin": "texting", "messagin": "messaging", "messging": "messaging", "messge": "message",
    "dont": "do not", "dnt": "do not", "didnt": "did not", "doesnt": "does not", "havent": "have not",
}  # fmt: skip
_CLAUSE_END = re.compile(
    r"[.!?;:,()\[\]\n\"|/—…]+|(?:(?<=\s)|^)(?:and|but|or|then|because|cos|coz|cuz|before|\+|&)(?=\s|$)"
)
_LETTER_ALONE = re.compile(r"\s*[^\W\d_][\s.!?]*\Z")
_CHOICE = re.compile(r"\(([^()]*)\)")
_NOT_WORD = re.compile(r"[^\w\u0300-\u036f\u0900-\u0dff]+")
_DOUBLED = re.compile(r"([^\W\d_])\1+")
_NEIGHBOURS = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl0", "p": "ol",
    "a": "qsz", "s": "awdx", "d": "sefc", "f": "drgv", "g": "fthb", "h": "gyjn", "j": "hukm", "k": "jil", "l": "kop",
    "z": "asx", "x": "zsc", "c": "xdv", "v": "cfb", "b": "vgn", "n": "bhm", "m": "njk",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Phrases:
    by_needle: Mapping[str, str]  # what is looked for in a padded text -> the phrase as the lexicon has it
    any_of: re2._Regexp | None  # one pass that finds the first of them


@dataclass(frozen=True, slots=True)
class _Lexicon:
    exact: Mapping[str, str]
    compact: Mapping[str, str]
    signs: Mapping[str, str]
    contains: _Phrases
    unless: tuple[str, ...]
    any_unless: re2._Regexp | None
    all_exact: Mapping[str, str]
    all_contains: _Phrases
    any_phrase: re2._Regexp | None  # finds whether any phrase of either list is there at all
    anchors: frozenset[str]  # one word of every entry that must be a whole clause: without any, none is said


def match_opt_out(text: str, words: Mapping[str, OptOutWords]) -> tuple[Scope, str] | None:
    """(scope, lexicon entry) when the text asks us to stop, in any language; None when it clearly does not.

    A stop beside a question is still a stop. An `unless` phrase excuses only a hit that it overlaps, so "please don't stop"
    excuses itself and nothing else in the message. `organisation` is for the lexicon's `stop_all`. Never raises.
    """
    lexicon = _lexicon_of(words)
    shadow = normalise(text)
    if sign := _sign(shadow.text, lexicon):
        return "tenant", sign
    found: str | None = None
    for view in shadow.views:
        organisation, tenant = _read(view.text, lexicon, text)
        if organisation:
            return "organisation", organisation
        found = found or tenant
    return ("tenant", found) if found else None


def _read(reading: str, lexicon: _Lexicon, original: str) -> tuple[str | None, str | None]:
    """What one reading of the text holds: (stop_all entry, other entry)."""
    whole = _key(reading)
    if not whole or (len(whole) == 1 and _LETTER_ALONE.match(original) is None):
        return None, None  # "xx" is a kiss, and a sign that was folded away may have been the message
    # Nearly every message: one look at its words and one pass over it say that no clause of it and no phrase in it counts.
    clauses: list[str] = []
    if not lexicon.anchors.isdisjoint(whole.split()):
        every = [_key(clause) for clause in _CLAUSE_END.split(reading) if clause]
        clauses = [key for key in every if not lexicon.anchors.isdisjoint(key.split())]
    phrased = lexicon.any_phrase is None or lexicon.any_phrase.search(f" {whole} ") is not None
    organisation = next((lexicon.all_exact[c] for c in (whole, *clauses) if c in lexicon.all_exact), None)
    if phrased and organisation is None:
        organisation = _contained(whole, lexicon.all_contains, lexicon)
    tenant = _exact(whole, lexicon)
    if phrased and tenant is None:
        tenant = _contained(whole, lexicon.contains, lexicon)
    if tenant is None:
        tenant = next((hit for clause in clauses if (hit := _clause(clause, lexicon))), None)
    return organisation, tenant


# ---- ways to say it ---------------------------------------------------------------------------------------------------


def _exact(whole: str, lexicon: _Lexicon) -> str | None:
    """The whole message is a lexicon word, spaced anyhow (`un subscribe`), or a typing slip away from one."""
    if whole in lexicon.exact:
        return lexicon.exact[whole]
    joined = whole.replace(" ", "")
    if len(joined) > 2 and joined in lexicon.compact:
        return lexicon.compact[joined]
    bare = " ".join(word for word in whole.split() if word not in _POLITE)
    if len(bare) > 1 and bare in lexicon.exact:
        return lexicon.exact[bare]
    return _slip(bare, lexicon) if bare and " " not in bare else None


def _clause(clause: str, lexicon: _Lexicon) -> str | None:
    """A clause that is a stop once politeness is taken off, or that opens or closes with one of the strong words."""
    if clause in lexicon.exact:
        return None if _excused(clause, 0, lexicon) else lexicon.exact[clause]
    words = clause.split()
    plain = " ".join(_plainly(words))
    if len(plain) > 1 and plain in lexicon.exact:
        return None if _excused(clause, words.index(plain.split()[0]), lexicon) else lexicon.exact[plain]
    core = [word for word in words if word not in _POLITE and word not in _ASKING]
    bare = " ".join(core)
    if len(bare) > 1 and bare in lexicon.exact:
        return None if _excused(clause, words.index(core[0]), lexicon) else lexicon.exact[bare]
    for at, word in enumerate(words):
        if word not in STRONG_KEYS or word not in lexicon.exact or _excused(clause, at, lexicon):
            continue
        opens = all(before in _OPENERS for before in words[:at])
        closes = at > 0 and at == len(words) - 1 and words[at - 1] in _BEFORE_A_FINAL_STOP
        if opens or closes:
            return lexicon.exact[word]
    return None


def _plainly(words: list[str]) -> list[str]:
    """The clause without the politeness and the asking around it: "will you pack it in please" is "pack it in"."""
    start, end = 0, len(words)
    while start < end and words[start] in _OPENERS:
        start += 1
    while end > start and words[end - 1] in _POLITE:
        end -= 1
    return words[start:end]


def _contained(whole: str, phrases: _Phrases, lexicon: _Lexicon) -> str | None:
    padded = f" {whole} "
    if phrases.any_of is not None:
        first = phrases.any_of.search(padded)
        if first is None:
            return None
        if lexicon.any_unless is not None and lexicon.any_unless.search(padded) is None:
            return phrases.by_needle[first.group()]
    unless = [excuse for excuse in lexicon.unless if f" {excuse} " in padded]
    for needle in [needle for needle in phrases.by_needle if needle in padded]:
        at = padded.find(needle)
        while at >= 0:
            if not any(_overlaps(padded, excuse, at, at + len(needle)) for excuse in unless):
                return phrases.by_needle[needle]
            at = padded.find(needle, at + 1)
    return None


def _excused(clause: str, word_at: int, lexicon: _Lexicon) -> bool:
    padded = f" {clause} "
    if lexicon.any_unless is not None and lexicon.any_unless.search(padded) is None:
        return False
    start = len(" ".join(clause.split()[:word_at])) + (1 if word_at else 0)
    return any(_overlaps(padded, excuse, start + 1, start + 2) for excuse in lexicon.unless)


def _overlaps(padded: str, excuse: str, start: int, end: int) -> bool:
    at = padded.find(f" {excuse} ")
    while at >= 0:
        if at + 1 < end and start < at + 1 + len(excuse):
            return True
        at = padded.find(f" {excuse} ", at + 1)
    return False


def _slip(word: str, lexicon: _Lexicon) -> str | None:
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


def _sign(plain: str, lexicon: _Lexicon) -> str | None:
    """A message of signs alone, one of which is a stop sign."""
    if any(c.isalnum() for c in plain):
        return None
    return next((entry for sign, entry in lexicon.signs.items() if sign in plain), None)


# ---- the lexicon as it is compared --------------------------------------------------------------------------------------


def _lexicon_of(words: Mapping[str, OptOutWords]) -> _Lexicon:
    """By the identity of the frozen entries: hashing a few hundred phrases would cost more than reading the message."""
    key = (tuple(words), *map(id, words.values()))
    kept = _BY_IDENTITY.get(key)
    if kept is None:
        if len(_BY_IDENTITY) >= LEXICONS_KEPT:
            _BY_IDENTITY.clear()
        # The entries are kept too, so that no id in a key can come to mean another object.
        kept = _BY_IDENTITY[key] = (tuple(words.values()), _compiled(tuple(sorted(words.items()))))
    return kept[1]


@lru_cache(maxsize=LEXICONS_KEPT)
def _compiled(words: tuple[tuple[str, OptOutWords], ...]) -> _Lexicon:
    sets = (("en", BUILT_IN), *words)
    exact = {key: entry for _, w in sets for entry in w.exact for key in _keys(entry)}
    all_exact = {key: entry for _, w in sets for entry in w.stop_all for key in _keys(entry)}
    contains, all_contains = _needles(sets, "contains"), _needles(sets, "stop_all")
    unless = tuple(sorted({key for _, w in sets for entry in w.unless for key in _keys(entry)}))
    return _Lexicon(
        exact=exact,
        compact={key.replace(" ", ""): entry for key, entry in exact.items()},
        signs={
            normalise(entry).text: entry
            for _, w in sets
            for entry in w.exact
            if entry.strip() and not any(c.isalnum() for c in entry)
        },
        contains=_Phrases(contains, _any_of(contains)),
        unless=unless,
        any_unless=_any_of([f" {excuse} " for excuse in unless]),
        all_exact=all_exact,
        all_contains=_Phrases(all_contains, _any_of(all_contains)),
        any_phrase=_any_of([*contains, *all_contains]),
        anchors=frozenset(max(key.split(), key=_tells) for key in (*exact, *all_exact)),
    )


def _tells(word: str) -> tuple[bool, int]:
    """How much it says that this word is there: everyday words stand in most messages."""
    return word not in _POLITE and word not in _ASKING and word not in _EVERYDAY, len(word)


def _any_of(needles: Iterable[str]) -> re2._Regexp | None:
    """None for a program that RE2 cannot hold: then every phrase is looked for in every message."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PROGRAM_MEMORY_BYTES
    try:
        return re2.compile("|".join(map(re2.escape, needles)), options)
    except re2.error:
        return None


def _needles(
    sets: tuple[tuple[str, OptOutWords], ...], which: Literal["contains", "stop_all"]
) -> dict[str, str]:
    """Needle -> phrase. English is whole words; in the other languages endings may follow."""
    found: dict[str, str] = {}
    for language, words in sets:
        for entry in words.contains if which == "contains" else words.stop_all:
            for wording in wordings(entry):
                for key in _keys(wording):
                    end = " " if language.split("-")[0] == "en" else ""
                    found.setdefault(f" {key}{end}", wording)
    return found


def wordings(entry: str) -> Iterator[str]:
    """`do not (ring|call) (me|us)` is four phrases, so that a lexicon can be read by a person."""
    choice = _CHOICE.search(entry)
    if choice is None:
        yield entry
        return
    for option in choice[1].split("|"):
        yield from wordings(entry[: choice.start()] + option + entry[choice.end() :])


def _keys(entry: str) -> set[str]:
    """The entry as each reading of a text would spell it: with its accents, and folded."""
    return {key for view in normalise(entry).views[:2] if (key := _key(view.text))}


def _key(reading: str) -> str:
    """Words only: apostrophes closed up, shorthand written out, doubled letters single, one space between."""
    words = _NOT_WORD.sub(" ", reading.replace("'", "").replace("_", " ")).split()
    return _DOUBLED.sub(_single, " ".join([_SHORTHAND.get(word, word) for word in words]))


def _single(run: re.Match[str]) -> str:
    return run[1]  # as a function: a template such as \1 is expanded anew at every call


_BY_IDENTITY: dict[tuple[object, ...], tuple[tuple[OptOutWords, ...], _Lexicon]] = {}
STRONG_KEYS = frozenset(_key(word) for word in STRONG)
_OPENERS = _POLITE | (
    _ASKING - {"i", "im", "ill", "id", "to", "it", "this", "that", "them", "these", "all", "want", "need"}
)
