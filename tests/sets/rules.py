"""Every rule that hears or excuses something, and the bundle without that one rule: for a test that takes each out in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from schemas.bundle import Bundle, Category, OptOutWords, Pattern, digest_of

LEXICON_PARTS = ("exact", "contains", "unless", "stop_all")


def rules_of(bundle: Bundle) -> Iterator[tuple[str, Bundle]]:
    """(id, the bundle without it). Ids, in this order:

    signals/<category>/<pattern>              a pattern of a category
    excuses/<category>/<pattern>/<n>          what makes a hit of that pattern harmless, from 0
    optout/<language>/<part>/<entry>          an entry of a lexicon: exact, contains, unless, stop_all
    handoff_words/<word>                      a word that brings a person
    prohibited/<id>/<n>                       a wording no reply may hold, from 0

    Each bundle has a digest of its own, so that nothing kept for the whole one is used for it.
    """
    for category, pattern in _patterns(bundle):
        yield _without_pattern(bundle, category, pattern)
    for category, pattern in _patterns(bundle):
        for n in range(len(pattern.unless)):
            yield _without_excuse(bundle, category, pattern, n)
    for language, words in bundle.opt_out.items():
        for part in LEXICON_PARTS:
            for entry in getattr(words, part):
                yield _without_entry(bundle, language, words, part, entry)
    for word in bundle.handoff_words:
        id_ = f"handoff_words/{word}"
        yield id_, _named(replace(bundle, handoff_words=_less(bundle.handoff_words, word)), id_)
    for entry in bundle.prohibited:
        for n, wording in enumerate(entry.match):
            id_ = f"prohibited/{entry.id}/{n}"
            held = tuple(
                replace(p, match=_less(p.match, wording)) if p is entry else p for p in bundle.prohibited
            )
            yield id_, _named(replace(bundle, prohibited=held), id_)


def _patterns(bundle: Bundle) -> Iterator[tuple[Category, Pattern]]:
    return ((category, pattern) for category in bundle.categories for pattern in category.patterns)


def _without_pattern(bundle: Bundle, category: Category, pattern: Pattern) -> tuple[str, Bundle]:
    id_ = f"signals/{category.id}/{pattern.id}"
    left = replace(category, patterns=tuple(p for p in category.patterns if p is not pattern))
    return id_, _named(_with(bundle, category, left), id_)


def _without_excuse(bundle: Bundle, category: Category, pattern: Pattern, n: int) -> tuple[str, Bundle]:
    id_ = f"excuses/{category.id}/{pattern.id}/{n}"
    strict = replace(pattern, unless=pattern.unless[:n] + pattern.unless[n + 1 :])
    left = replace(category, patterns=tuple(strict if p is pattern else p for p in category.patterns))
    return id_, _named(_with(bundle, category, left), id_)


def _without_entry(
    bundle: Bundle, language: str, words: OptOutWords, part: str, entry: str
) -> tuple[str, Bundle]:
    id_ = f"optout/{language}/{part}/{entry}"
    left: Mapping[str, Sequence[str]] = {
        name: tuple(getattr(words, name)) if name != part else _less(getattr(words, name), entry)
        for name in LEXICON_PARTS
    }
    lexicon = OptOutWords(
        exact=tuple(left["exact"]),
        contains=tuple(left["contains"]),
        unless=tuple(left["unless"]),
        stop_all=tuple(left["stop_all"]),
    )
    return id_, _named(replace(bundle, opt_out={**bundle.opt_out, language: lexicon}), id_)


def _with(bundle: Bundle, old: Category, new: Category) -> Bundle:
    return replace(bundle, categories=tuple(new if c is old else c for c in bundle.categories))


def _named(bundle: Bundle, id_: str) -> Bundle:
    return replace(bundle, digest=digest_of(f"{bundle.digest} without {id_}".encode()))


def _less(held: Sequence[str], one: str) -> tuple[str, ...]:
    return tuple(each for each in held if each != one)
