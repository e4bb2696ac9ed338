"""A lexicon as texts are compared with it: entries as keys, phrases as one program, and words that a typing slip may have hit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import re2

from schemas.bundle import OptOutWords
from schemas.fold import normalise

# Always on, whatever a tenant's file says: a lost or empty lexicon must not make us deaf.
BUILT_IN = OptOutWords(
    exact=("stop", "unsubscribe", "🛑"),
    contains=("stop messaging me", "stop contacting me"),
    unless=(),
    stop_all=("stop all", "stopall"),
)
LEXICONS_KEPT = 64
PROGRAM_MEMORY_BYTES = 16 << 20
GAP = "…"  # in a phrase: up to GAP_WORDS other words may stand there
GAP_WORDS = 3
MAX_WORDINGS = 200  # of an entry that is looked for as so many phrases
MIN_TYPED_CHARS = 6  # of a phrase's word that a slip is corrected to: shorter ones have too many neighbours


_DOUBLED = re.compile(r"([^\W\d_])\1+")


def _single(run: re.Match[str]) -> str:
    return run[1]  # as a function: a template such as \1 is expanded anew at every call


def words_of(text: str) -> frozenset[str]:
    """The words, and each as a key spells it, with doubled letters single."""
    return frozenset(text.split()) | frozenset(_DOUBLED.sub(_single, text).split())


POLITE = words_of(
    "please pls ok okay oh hi hello hey dear thanks thank ta cheers sorry right well so just now kindly asap "
    "immediately again already today also really honestly seriously actually fgs omg hiya thankyou pal love bye anymore "
    "x xx xxx sir madam mate lol ffs yes yeah no"
)
ASKING = words_of(
    "can could will would you u we i im ill id want need to it this that them these all say said u"
)
_EVERYDAY = words_of("do not no more get out off my your me us it take let make the of on back list number")
_SHORTHAND = {
    "u": "you", "ur": "your", "plz": "please", "pls": "please", "txt": "text", "txts": "texts", "txting": "texting",
    "msg": "message", "msgs": "messages", "msging": "messaging", "mssg": "message", "thx": "thanks",
    "txtin": "texting", "textin": "texting", "messagin": "messaging", "messging": "messaging", "messge": "message",
    "stpo": "stop", "sotp": "stop", "tsop": "stop", "stp": "stop", "stahp": "stop", "dtop": "stop", "stpp": "stop",
    "dont": "do not", "dnt": "do not", "didnt": "did not", "doesnt": "does not", "havent": "have not",
}  # fmt: skip
# Words of their own that are one slip away from a word of the lexicon.
_NO_SLIPS = words_of(
    "contract contracts contracted contacted massage massages massaging passage remote removal resting testing tested "
    "number numbers member members texture concern consent content context extract correspond mailing email record "
    "cancer cancers brother brothers heating heading stroke spending market marker masked pleased thinks thank staffed "
    "locking looping looting agree agrees forgot forge forged resort caller casing bigger stride persons persona advert "
    "received deleted receiver doesnt haven objects reports reporter involve longer stopped shopping topping mixing"
)
_CHOICE = re.compile(r"\(([^()]*)\)")
_BETWEEN = re.compile(r"[\s()|]+")
_PIECE = re.compile(r"\([^()]*\)|…|[^()…]*[^()…\s][^()…]*")  # a choice, a gap or the words between
_NOT_WORD = re.compile(r"[^\w\u0300-\u036f\u0900-\u0dff]+")
_TYPED = re.compile(r"(?<![^\W_])[a-z]{5,20}(?![^\W_])")


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases to find in a text that is padded with blanks."""

    by_needle: Mapping[str, str]  # what is looked for, as it stands there -> the phrase as the lexicon has it
    gapped: Sequence[tuple[re2._Regexp, str]]  # those with a gap
    any_of: re2._Regexp | None  # one pass that finds whether any is there; None: RE2 cannot hold them all

    def __bool__(self) -> bool:
        return bool(self.by_needle or self.gapped)

    def found(self, padded: str) -> Iterator[tuple[int, int, str]]:
        """(start, end, phrase) wherever one stands."""
        if not self or (self.any_of is not None and self.any_of.search(padded) is None):
            return
        for needle, phrase in self.by_needle.items():
            at = padded.find(needle)
            while at >= 0:
                yield at, at + len(needle), phrase
                at = padded.find(needle, at + 1)
        for pattern, phrase in self.gapped:
            for hit in pattern.finditer(padded):
                yield *hit.span(), phrase


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What is said to stop us, in every language at once; the entries as they would be spelt after reading a text."""

    exact: Mapping[str, str]
    compact: Mapping[str, str]
    signs: Mapping[str, str]
    contains: Phrases
    unless: Phrases
    all_exact: Mapping[str, str]
    all_contains: Phrases
    anchors: frozenset[str]  # one word of every entry that must be a whole clause: without any, none is said
    typed: frozenset[str]  # words of the English phrases
    nearly: Mapping[str, tuple[str, ...]]  # such a word less one letter -> the words it came from

    def corrected(self, text: str) -> str:
        """`text` with words that are a typing slip away from a word of the phrases put right."""
        return _TYPED.sub(lambda word: self._meant(word.group()), text)

    def _meant(self, word: str) -> str:
        if word in self.typed or word in _NO_SLIPS:
            return word
        for less in (word, *_less_one(word)):
            for meant in self.nearly.get(less, ()):
                if meant[0] == word[0] and _one_slip(word, meant):
                    return meant
        return word


def lexicon_of(words: Mapping[str, OptOutWords]) -> Lexicon:
    """By the identity of the frozen entries: hashing a few hundred phrases would cost more than reading the message."""
    key = (tuple(words), *map(id, words.values()))
    kept = _BY_IDENTITY.get(key)
    if kept is None:
        if len(_BY_IDENTITY) >= LEXICONS_KEPT:
            _BY_IDENTITY.clear()
        # The entries are kept too, so that no id in a key can come to mean another object.
        kept = _BY_IDENTITY[key] = (tuple(words.values()), _compiled(tuple(sorted(words.items()))))
    return kept[1]


def key_of(reading: str) -> str:
    """Words only: apostrophes closed up, shorthand written out, doubled letters single, one space between."""
    words = _NOT_WORD.sub(" ", reading.replace("'", "").replace("_", " ")).split()
    return _DOUBLED.sub(_single, " ".join([_SHORTHAND.get(word, word) for word in words]))


def wordings(entry: str) -> Iterator[str]:
    """`do not (ring|call) (me|us)` is four phrases, so that a lexicon can be read by a person."""
    choice = _CHOICE.search(entry)
    if choice is None:
        yield entry
        return
    for option in choice[1].split("|"):
        yield from wordings(entry[: choice.start()] + option + entry[choice.end() :])


# ---- compiling ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=LEXICONS_KEPT)
def _compiled(words: tuple[tuple[str, OptOutWords], ...]) -> Lexicon:
    sets = (("en", BUILT_IN), *words)
    exact = {key: entry for _, w in sets for entry in w.exact for key in _keys(entry)}
    all_exact = {key: entry for _, w in sets for entry in w.stop_all for key in _keys(entry)}
    typed = _typed(w for language, w in sets if language.split("-")[0] == "en")
    return Lexicon(
        exact=exact,
        compact={key.replace(" ", ""): entry for key, entry in exact.items()},
        signs={
            normalise(entry).text: entry
            for _, w in sets
            for entry in w.exact
            if entry.strip() and not any(c.isalnum() for c in entry)
        },
        contains=_phrases((language, entry) for language, w in sets for entry in w.contains),
        unless=_phrases(("en", entry) for _, w in sets for entry in w.unless),
        all_exact=all_exact,
        all_contains=_phrases((language, entry) for language, w in sets for entry in w.stop_all),
        anchors=frozenset(max(key.split(), key=_tells) for key in (*exact, *all_exact)),
        typed=typed,
        nearly=_nearly(typed),
    )


def _phrases(entries: Iterable[tuple[str, str]]) -> Phrases:
    """English is whole words; in the other languages endings may follow."""
    plain: dict[str, str] = {}
    gapped: dict[str, str] = {}
    for language, entry in entries:
        ending = "" if language.split("-")[0] == "en" else "[^ ]*"
        if _is_pattern(entry):  # one pattern, however many wordings it has
            gapped.setdefault(_gapped(entry, ending), entry)
            continue
        for wording in wordings(entry):
            for key in _keys(wording):
                plain.setdefault(f" {key}" if ending else f" {key} ", wording)
    return Phrases(
        plain,
        tuple((re2.compile(pattern), phrase) for pattern, phrase in gapped.items()),
        _any_of([*map(re2.escape, plain), *gapped]),
    )


def _is_pattern(entry: str) -> bool:
    return GAP in entry or prod(choice.count("|") + 1 for choice in _CHOICE.findall(entry)) > MAX_WORDINGS


def _gapped(entry: str, ending: str) -> str:
    """A pattern over a padded key; an empty choice, as in `(please|) go`, is one that may be missing."""
    pattern = " "
    for piece in _PIECE.findall(entry):
        if piece == GAP:
            pattern += f"(?:[^ ]+ ){{0,{GAP_WORDS}}}"
            continue
        options = piece[1:-1].split("|") if piece.startswith("(") else [piece]
        keys = sorted({re2.escape(key) + ending + " " for option in options for key in _keys(option)})
        pattern += f"(?:{'|'.join(keys)}){'' if all(option.strip() for option in options) else '?'}"
    return pattern


def _any_of(patterns: Sequence[str]) -> re2._Regexp | None:
    """None for none, and for a program that RE2 cannot hold: then every phrase is looked for in every message."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PROGRAM_MEMORY_BYTES
    try:
        return re2.compile("|".join(patterns), options) if patterns else None
    except re2.error:
        return None


def _keys(entry: str) -> set[str]:
    """The entry as each reading of a text would spell it: with its accents, and folded."""
    return {key for view in normalise(entry).views[:2] if (key := key_of(view.text))}


def _tells(word: str) -> tuple[bool, int]:
    """How much it says that this word is there: everyday words stand in most messages."""
    return word not in POLITE and word not in ASKING and word not in _EVERYDAY, len(word)


# ---- typing slips -------------------------------------------------------------------------------------------------------


def _typed(words: Iterable[OptOutWords]) -> frozenset[str]:
    """The words as people spell them, not as keys: doubled letters stay."""
    return frozenset(
        word
        for w in words
        for entry in (*w.exact, *w.contains)
        if not _is_pattern(entry)  # which holds too many everyday words
        for word in _BETWEEN.split(entry.lower().replace("'", ""))
        if len(word) >= MIN_TYPED_CHARS and word.isascii() and word.isalpha()
    )


def _nearly(typed: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for word in sorted(typed):
        for less in (word, *_less_one(word)):
            found[less] = (*found.get(less, ()), word)
    return found


def _less_one(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


def _one_slip(one: str, other: str) -> bool:
    """Whether a letter is missing, too many, wrong, or swapped with its neighbour."""
    if len(one) != len(other):
        shorter, longer = sorted((one, other), key=len)
        return shorter in _less_one(longer)
    at = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    swapped = (
        len(at) == 2 and at[1] == at[0] + 1 and one[at[0]] == other[at[1]] and one[at[1]] == other[at[0]]
    )
    return len(at) == 1 or swapped


_BY_IDENTITY: dict[tuple[object, ...], tuple[tuple[OptOutWords, ...], Lexicon]] = {}
