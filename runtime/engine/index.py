"""How well a question fits each claim, on one scale of our own: scores of a search compare only within that search.

Three views of the same words are put together: the nearest example question, the nearest few, and the claim as a whole with
every way its question was ever put. The last carries most: what people write shares a word with this example and one with that.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runtime.engine.words import features
from schemas.bundle import Bundle

CACHED_BUNDLES = 32
TEXT_WEIGHT = 0.62  # a hit in a claim's own wording says less than one in a question written for it
PAIR_WEIGHT = 0.5  # neighbouring words are rare by nature; they settle a tie and no more
COMMON = 0.3  # what a word is worth that every claim's examples have
FEW = 3
NEAREST, NEAREST_FEW, WHOLE = (
    0.25,
    0.25,
    0.8,
)  # shares; wholes are long, so that their likeness is small by nature
SAME_FROM = 0.85  # nearly an example's own words: then nothing else counts
MIN_TYPO_CHARS = 5
UNKNOWN = 0.85  # what a word of nobody's examples is worth, beside one that only one claim's have
THIN = 1.0  # examples with which half of a claim's likeness as a whole counts

QUICK = "quick:"  # before a quick reply's id, which stands beside the claims

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Example:
    claim: str
    words: Weights
    norm: float
    weight: float


@dataclass(frozen=True, slots=True)
class Index:
    """A bundle's example questions and wordings, ready to be compared with a question.

    `by_word`: word -> (example, its weight there). `wholes`: word -> (claim, its weight there, the claim's norm taken out).
    """

    examples: tuple[_Example, ...]
    by_word: Mapping[str, Sequence[tuple[int, float]]]
    wholes: Mapping[str, Sequence[tuple[str, float]]]
    tells: Weights  # how much a word tells claims apart
    near: Mapping[str, str]  # a word with one letter left out -> a word of the register
    unknown: float

    def scores(self, question: str) -> dict[str, float]:
        """Claim id -> 0..1, for every claim that shares a word with the question."""
        return {i: score for i, score in self._scores(question).items() if not i.startswith(QUICK)}

    def ready(self, question: str) -> dict[str, float]:
        """The same of the tenant's quick replies, by their ids."""
        found = self._scores(question)
        return {i.removeprefix(QUICK): score for i, score in found.items() if i.startswith(QUICK)}

    def _scores(self, question: str) -> dict[str, float]:
        weights = _weighed(Counter(self._known(w) for w in features(question)), self.tells, self.unknown)
        norm = _norm(weights)
        nearest = self._nearest(weights, norm)
        wholes: defaultdict[str, float] = defaultdict(float)
        for word, weight in weights.items():
            for claim, its in self.wholes.get(word, ()):
                wholes[claim] += weight * its / norm
        return {claim: _together(found, wholes[claim]) for claim, found in nearest.items()}

    def _nearest(self, weights: Weights, norm: float) -> Mapping[str, list[float]]:
        """Claim -> likeness to its nearest few examples, nearest first."""
        shared: defaultdict[int, float] = defaultdict(float)
        for word, weight in weights.items():
            for i, its in self.by_word.get(word, ()):
                shared[i] += weight * its
        found: defaultdict[str, list[float]] = defaultdict(list)
        for i, product in shared.items():
            example = self.examples[i]
            found[example.claim].append(example.weight * product / (norm * example.norm))
        return {claim: sorted(likenesses, reverse=True)[:FEW] for claim, likenesses in found.items()}

    def shared(self, question: str, claim: str) -> int:
        """How many words of substance a question has in common with the claim's nearest example."""
        words = {self._known(w) for w in features(question) if " " not in w}
        return max((len(words & e.words.keys()) for e in self.examples if e.claim == claim), default=0)

    def _known(self, word: str) -> str:
        """The word, or the register's word one slip of a key away; the first letter is hardly ever the slip."""
        if word in self.tells or len(word) < MIN_TYPO_CHARS or " " in word:
            return word
        slips = (self.near.get(slip, "") for slip in (word, *_shorter(word)))
        return next((near for near in slips if near.startswith(word[0])), word)


_cache: OrderedDict[str, Index] = OrderedDict()


def index_of(bundle: Bundle) -> Index:
    """The bundle's index, kept by digest. Made from words a tenant wrote; no customer's word is in it."""
    if bundle.digest not in _cache:
        _cache[bundle.digest] = _build(bundle)
        while len(_cache) > CACHED_BUNDLES:
            _cache.popitem(last=False)
    _cache.move_to_end(bundle.digest)
    return _cache[bundle.digest]


def _together(nearest: Sequence[float], whole: float) -> float:
    best = nearest[0]
    if best >= SAME_FROM:
        return min(best, 1.0)
    return min(SAME_FROM, NEAREST * best + NEAREST_FEW * sum(nearest) / FEW + WHOLE * whole)


# ---- building -------------------------------------------------------------------------------------------------------------


def _build(bundle: Bundle) -> Index:
    raw = [(claim, Counter(words), weight) for claim, words, weight in _raw(bundle)]
    tells, unknown = _tells(raw)
    examples: list[_Example] = []
    by_word: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    said: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for claim, counted, share in raw:
        weights = _weighed(counted, tells, unknown)
        for word, weight in weights.items():
            by_word[word].append((len(examples), weight))
            said[claim][word] += share  # type: ignore[assignment]  # a Counter counts halves as well
        examples.append(_Example(claim, weights, _norm(weights), share))
    single = [word for word in tells if " " not in word and len(word) >= MIN_TYPO_CHARS]
    near = {slip: word for word in sorted(single, reverse=True) for slip in (word, *_shorter(word))}
    return Index(
        examples=tuple(examples),
        by_word={w: tuple(i) for w, i in by_word.items()},
        wholes=_wholes(said, tells, Counter(claim for claim, _, _ in raw)),
        tells=tells,
        near=near,
        unknown=unknown,
    )


def _raw(bundle: Bundle) -> Iterable[tuple[str, list[str], float]]:
    for claim in bundle.claims.values():
        for question in claim.questions:
            yield claim.id, features(question), 1.0
        if claim.kind not in ("line", "question"):
            for variants in claim.texts.values():
                if words := features(variants.get("full", "")):
                    yield claim.id, words, TEXT_WEIGHT
    for quick in bundle.quick_replies:
        for question in (quick.title, *quick.questions):
            yield QUICK + quick.id, features(question), 1.0


def _tells(raw: Sequence[tuple[str, Counter[str], float]]) -> tuple[dict[str, float], float]:
    """How much each word tells claims apart, by how unevenly it is spread over them; and what an unknown word weighs."""
    spread: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for claim, words, _ in raw:
        for word in words:
            spread[word][claim] += 1
    most = math.log(1 + len({claim for claim, _, _ in raw}))
    return {word: COMMON + most - _disorder(over) for word, over in spread.items()}, UNKNOWN * (COMMON + most)


def _disorder(over: Counter[str]) -> float:
    """The entropy of a spread, in nats: 0 for a word of one claim only."""
    total = over.total()
    return -sum(n / total * math.log(n / total) for n in over.values())


def _wholes(
    said: Mapping[str, Counter[str]], tells: Weights, examples: Counter[str]
) -> Mapping[str, Sequence[tuple[str, float]]]:
    """Each claim as one text: a word said in many of its examples weighs more, and less each time."""
    postings: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
    for claim, words in said.items():
        weights = {w: (1 + math.log(n) if n > 1 else n) * _of(w, tells[w]) for w, n in words.items()}
        norm = _norm(weights)
        share = examples[claim] / (examples[claim] + THIN)
        for word, weight in weights.items():
            postings[word].append((claim, share * weight / norm))
    return postings


def _weighed(words: Counter[str], tells: Weights, unknown: float) -> dict[str, float]:
    return {w: math.sqrt(n) * _of(w, tells.get(w, unknown)) for w, n in words.items()}


def _of(word: str, tells: float) -> float:
    return tells * (PAIR_WEIGHT if " " in word and not word.endswith("?") else 1.0)


def _norm(weights: Weights) -> float:
    return math.sqrt(sum(v * v for v in weights.values())) or 1.0


def _shorter(word: str) -> tuple[str, ...]:
    return tuple(word[:i] + word[i + 1 :] for i in range(len(word)))
