"""Whether two ways to name somebody name one person, as a reader would see it: letters, order, titles, mail address. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import permutations

from schemas.fold import normalise

_MAIL = re.compile(r"[^\s<>()\[\];,\"]+@[^\s<>()\[\];,\"]+\.[^\s<>()\[\];,\"]+")
_APOSTROPHES = re.compile(r"['‘’ʼ`]")
_BETWEEN = re.compile(r"[;&+/|\n]| and | with ", re.IGNORECASE)
MAX_JOINED_WORDS = 4  # a name of more words is not tried in every order
# What stands before or after a name and says nothing of who it is.
TITLES = frozenset(
    {"mr", "mrs", "ms", "miss", "mx", "dr", "doctor", "prof", "professor", "sir", "dame", "lord", "lady", "rev", "reverend",
     "esq", "esquire", "jp", "kc", "qc", "llb", "llm", "phd", "mba", "obe", "mbe", "cbe"}
)  # fmt: skip


def same_person(one: str, other: str) -> bool:
    """Whether two names are one, whatever their case, blanks, order, titles, marks or look-alike letters; `Name <mail>` too.

    One mail address is one person. An address alone is whoever's name it spells: ada.example@..., ada@example.com.
    """
    mine, theirs = mails_of(one), mails_of(other)
    if not mine.isdisjoint(theirs):
        return True
    ours, others = _readings(_nameless(one)), _readings(_nameless(other))
    return (
        not ours.isdisjoint(others)
        or any(_spells(mail, name) for mail in mine for name in others)
        or any(_spells(mail, name) for mail in theirs for name in ours)
    )


def people_in(text: str) -> tuple[str, ...]:
    """Everybody a text may name: the whole of it, and its parts where it looks like a list (`Wat; Ada`, `Wat and Ada`)."""
    parts = [part for listed in _BETWEEN.split(text) for part in (listed, *listed.split(","))]
    return tuple(dict.fromkeys(part.strip() for part in (text, *parts) if part.strip()))


def mails_of(text: str) -> frozenset[str]:
    """The mail addresses in a text, as they are compared."""
    return frozenset(mail.casefold() for mail in _MAIL.findall(text)) if "@" in text else frozenset()


def account_of(mail: str) -> tuple[int | None, str]:
    """(the account's number if it says so, the login) of a code host's address that hides a mail: 12+ada@users.noreply.HOST."""
    local, _, domain = mail.partition("@")
    if "noreply" not in domain:
        return None, ""
    number, plus, login = local.partition("+")
    return (int(number), login) if plus and number.isdigit() and number.isascii() else (None, local)


def _nameless(text: str) -> str:
    return _MAIL.sub(" ", text) if "@" in text else text


@lru_cache(maxsize=1024)
def _readings(name: str) -> frozenset[tuple[str, ...]]:
    """The words of a name in one order, for each way to read its letters, and all in one word."""
    found: set[tuple[str, ...]] = set()
    for view in normalise(name).views:
        bare = _APOSTROPHES.sub("", view.text)
        words = "".join(c if c.isalnum() else " " for c in bare).split()
        words = [word for word in words if word not in TITLES] or words
        if words:
            found |= {tuple(sorted(words)), ("".join(words),)}
    return frozenset(found)


def _spells(mail: str, name: tuple[str, ...]) -> bool:
    """Whether an address is made of a name: all its words stand there, or the local part is the name in one word."""
    local = mail.partition("@")[0]
    words = set("".join(c if c.isalnum() else " " for c in mail).split())
    if len(name) > 1 and words.issuperset(name):
        return True
    joined = "".join(c for c in local if c.isalpha())
    orders = permutations(name) if len(name) <= MAX_JOINED_WORDS else [name]
    return any("".join(order) == joined for order in orders)
