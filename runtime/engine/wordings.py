"""Wordings: what a model's own sentence may be compared with. Approved phrases, the register's ids and the register's words."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from schemas.bundle import Bundle
from schemas.text import normalise, visible

# So many words in a row from the register are the register's own: they are said by id or not at all.
SHARED_WORDS = 5
CACHED_BUNDLES = 32

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def is_phrase(text: str, bundle: Bundle) -> bool:
    """Whether a sentence is one of the persona's approved phrases, which need nobody to vouch for them."""
    return _ended(normalise(visible(text)).text.strip()) in _wordings(bundle).phrases


def names_an_id(text: str, bundle: Bundle) -> bool:
    """Whether a sentence holds the id of a claim or of a prohibited entry, with or without its signs."""
    letters = "".join(c for c in normalise(text).text if c.isalnum())
    return any(key in letters for key in _wordings(bundle).ids)


def repeats_the_register(text: str, bundle: Bundle) -> bool:
    """Whether a sentence is a claim's text, or holds so much of one that it can only come from there."""
    said, known = normalise(text).text, _wordings(bundle)
    return _ended(said) in known.texts or any(run in known.runs for run in _runs(said))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wordings:
    """Of one bundle, folded: ids without their signs, whole texts, every run of SHARED_WORDS words, approved phrases."""

    ids: frozenset[str]
    texts: frozenset[str]
    runs: frozenset[tuple[str, ...]]
    phrases: frozenset[str]


_kept: OrderedDict[str, _Wordings] = OrderedDict()


def _wordings(bundle: Bundle) -> _Wordings:
    found = _kept.get(bundle.digest)
    if found is None:
        found = _kept[bundle.digest] = _read(bundle)
        while len(_kept) > CACHED_BUNDLES:
            _kept.popitem(last=False)
    return found


def _read(bundle: Bundle) -> _Wordings:
    texts = [
        normalise(text).text
        for claim in bundle.claims.values()
        for variants in claim.texts.values()
        for text in variants.values()
    ]
    ids = (*bundle.claims, *(entry.id for entry in bundle.prohibited))
    return _Wordings(
        ids=frozenset("".join(c for c in i.casefold() if c.isalnum()) for i in ids),
        texts=frozenset(map(_ended, texts)),
        runs=frozenset(run for text in texts for run in _runs(text)),
        phrases=frozenset(_ended(normalise(phrase).text) for phrase in bundle.persona.phrases),
    )


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(text)
    return (tuple(words[i : i + SHARED_WORDS]) for i in range(len(words) - SHARED_WORDS + 1))


def _ended(text: str) -> str:
    return text.rstrip(".!? ")
