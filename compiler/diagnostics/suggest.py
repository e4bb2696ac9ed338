"""Did you mean: the nearest known word, if it is near enough to be a slip of the hand."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST_SLIP = 2  # edits
MOST_COMPARED = 200  # known words that are compared letter by letter with one
LETTERS_PER_EDIT = 3  # a word of three letters may be one edit away, of six two


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word at the smallest Damerau-Levenshtein distance, at most 2 and at most a third of the length."""
    limit = min(LONGEST_SLIP, max(len(word), 1) // LETTERS_PER_EDIT)
    best: tuple[int, str] | None = None
    folded = word.casefold()
    for candidate in _alike(word, known, limit):
        distance = edits(folded, candidate.casefold())
        if distance <= limit and (best is None or (distance, candidate) < best):
            best = (distance, candidate)
    return best[1] if best else None


def _alike(word: str, known: Iterable[str], limit: int) -> list[str]:
    """Those of about its length and letters, at most so many: first those that begin as it does."""
    letters, lengths = set(word.casefold()), range(len(word) - limit, len(word) + limit + 1)
    # An edit brings at most one letter and takes at most one.
    found = [
        each
        for each in known
        if len(each) in lengths and len(letters.symmetric_difference(each.casefold())) <= 2 * limit
    ]
    begin = word[: len(word) // 2]
    return sorted(found, key=lambda each: (not each.startswith(begin), each))[:MOST_COMPARED]


def sole(word: str, known: Iterable[str]) -> str | None:
    """The known word near enough to be meant, when there is only one such: what a machine may write in its place."""
    near = [candidate for candidate in set(known) if nearest(word, [candidate])]
    return near[0] if len(near) == 1 else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A sentence for a diagnostic's help, or None."""
    found = nearest(word, known)
    return f"did you mean `{found}`?" if found else None


def edits(a: str, b: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
