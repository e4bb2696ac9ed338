"""How well a question fits each claim, on one scale of our own: scores of a search compare only within that search."""

from __future__ import annotations

import math
import re
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from schemas.bundle import Bundle
from schemas.text import normalise

CACHED_BUNDLES = 32
TEXT_WEIGHT = 0.62  # a hit in a claim's own wording says less than one in a question written for it
PAIR_WEIGHT = 0.35  # neighbouring words are rare by nature; they settle a tie and no more
MIN_TYPO_CHARS = 5


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_NOISE = _words(
    "a an the of to in on at by for from with and or but so if then than that this these those there here it its it's is am "
    "are was were be been being do does did doing have has had having can could will would shall should may might must i me "
    "my mine you your yours u ur we us our they them their he she his her just really actually please pls tell about any "
    "some as up out get got want wanna like know ok okay hi hello hey thanks oh well also ive i've im i'm youre you're "
    "not no yes dont don't didnt didn't s t all everything thing things stuff now then still yet too also very even else "
    "anyway going go lot sort kind bit mean said happen happens happened happening "
    "think thought guess suppose reckon"
)
_ASKING = _words("who why what how where when which")
_WEAK = _words(
    "want need get have will can know you your i my me not no is are do did am"
)  # they tell likenesses apart
_LAST_RESORT = _words("not you i me my your")  # all that is left of "who are you"
_TYPED = {  # how words are typed on a phone, and we for I: who asks makes no other question of it
    "we": "i", "our": "my", "ours": "mine", "us": "me", "we're": "i", "ourselves": "myself",
    "wot": "what", "wat": "what", "wots": "what", "wats": "what", "whts": "what", "n": "and", "cud": "could", "wud": "would",
    "shud": "should", "gonna": "going", "gunna": "going", "wanna": "want", "gotta": "got", "cos": "because", "coz": "because",
    "bout": "about", "summat": "something", "sumthing": "something", "owt": "anything", "nowt": "nothing", "ppl": "people",
    "txt": "text", "txts": "texts", "txting": "texting", "fone": "phone", "thru": "through", "b4": "before", "hav": "have",
    "dunno": "know", "lemme": "let", "wen": "when", "hu": "who", "y": "why", "ya": "you", "yous": "you", "yer": "your",
    "dat": "that", "dis": "this", "cant": "can't", "shld": "should", "wld": "would", "govt": "government", "compo": "money",
}  # fmt: skip
_SAME = {  # everyday words only; what a trade calls things stands in the tenant's example questions
    "cost": "fee", "costs": "fee", "charge": "fee", "charges": "fee", "fees": "fee", "price": "fee", "pay": "fee",
    "paying": "fee", "percentage": "fee", "robot": "bot", "machine": "bot", "computer": "bot", "ai": "bot", "chatbot": "bot",
    "automated": "bot", "human": "person", "someone": "person", "somebody": "person", "people": "person", "genuine": "real",
    "legit": "real", "scam": "real", "con": "real", "myself": "self", "yourself": "self", "alone": "self", "company": "firm",
    "organisation": "firm", "details": "data", "info": "data", "information": "data", "messages": "message",
    "texts": "message", "texting": "message", "msg": "message", "payout": "money", "compensation": "money", "cash": "money",
    "worth": "amount", "much": "amount", "vehicle": "car", "cars": "car", "link": "form", "apply": "form",
    "application": "form", "dosh": "money", "refund": "money", "lawyer": "solicitor", "lawyers": "solicitor",
    "solicitors": "solicitor", "bloke": "person", "guy": "person", "chap": "person", "fella": "person", "employees": "staff",
    "workers": "staff", "judge": "court", "judges": "court", "courts": "court", "ruling": "court", "papers": "paperwork",
    "documents": "paperwork", "contacted": "message", "contacting": "message", "quit": "cancel", "withdraw": "cancel",
    "exit": "cancel", "agreed": "sign", "signed": "sign", "committed": "sign", "joined": "sign", "enrolled": "sign",
    "dodgy": "real", "fake": "real", "fraud": "real", "recorded": "record", "recording": "record", "saved": "record",
    "stored": "record", "keep": "record", "kept": "record", "forgotten": "forgot", "remember": "forgot", "mobile": "number",
    "begin": "start", "hours": "open", "opening": "open", "weekend": "open", "weekends": "open",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Example:
    claim: str
    words: Mapping[str, float]  # word or pair of words -> weight
    norm: float
    weight: float


@dataclass(frozen=True, slots=True)
class Index:
    """A bundle's example questions and wordings, ready to be compared with a question."""

    examples: tuple[_Example, ...]
    by_word: Mapping[str, tuple[int, ...]]
    rarity: Mapping[str, float]
    near: Mapping[str, str]  # a word with one letter left out -> a word of the register
    unknown: float

    def scores(self, question: str) -> dict[str, float]:
        """Claim id -> 0..1, for every claim that shares a word with the question."""
        words = Counter(self._known(w) for w in _features(question))
        weights = {w: _weight(w, n, self.rarity.get(w, self.unknown)) for w, n in words.items()}
        norm = math.sqrt(sum(v * v for v in weights.values()))
        if norm == 0:
            return {}
        shared: defaultdict[int, float] = defaultdict(float)
        for word, weight in weights.items():
            for i in self.by_word.get(word, ()):
                shared[i] += weight * self.examples[i].words[word]
        best: dict[str, float] = {}
        for i, product in shared.items():
            example = self.examples[i]
            score = example.weight * product / (norm * example.norm)
            best[example.claim] = max(best.get(example.claim, 0.0), score)
        return best

    def shared(self, question: str, claim: str) -> int:
        """How many words of substance a question has in common with the claim's nearest example."""
        words = {self._known(w) for w in _features(question) if " " not in w}
        return max((len(words & e.words.keys()) for e in self.examples if e.claim == claim), default=0)

    def _known(self, word: str) -> str:
        """The word, or the register's word one slip of a key away; the first letter is hardly ever the slip."""
        if word in self.rarity or len(word) < MIN_TYPO_CHARS or " " in word:
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


def _build(bundle: Bundle) -> Index:
    raw = list(_raw(bundle))
    seen = Counter(word for _, words, _ in raw for word in set(words))
    rarity = {word: 1.0 + math.log((1 + len(raw)) / (1 + n)) for word, n in seen.items()}
    examples: list[_Example] = []
    by_word: defaultdict[str, list[int]] = defaultdict(list)
    for claim, words, weight in raw:
        weights = {w: _weight(w, n, rarity[w]) for w, n in Counter(words).items()}
        for word in weights:
            by_word[word].append(len(examples))
        examples.append(
            _Example(claim, weights, math.sqrt(sum(v * v for v in weights.values())) or 1.0, weight)
        )
    single = [word for word in rarity if " " not in word and len(word) >= MIN_TYPO_CHARS]
    near = {slip: word for word in sorted(single, reverse=True) for slip in (word, *_shorter(word))}
    return Index(
        examples=tuple(examples),
        by_word={w: tuple(i) for w, i in by_word.items()},
        rarity=rarity,
        near=near,
        unknown=1.0 + math.log(1 + len(raw)),
    )


def _raw(bundle: Bundle) -> Iterable[tuple[str, list[str], float]]:
    for claim in bundle.claims.values():
        for question in claim.questions:
            yield claim.id, _features(question), 1.0
        if claim.kind not in ("line", "question"):
            for variants in claim.texts.values():
                if words := _features(variants.get("full", "")):
                    yield claim.id, words, TEXT_WEIGHT


def _features(text: str) -> list[str]:
    """Content words, stemmed and with their synonyms made one, and neighbouring pairs of them."""
    said = [_TYPED.get(w, w) for w in map(_bare, _WORD.findall(normalise(text).text))]
    words = [_stem(w) for w in said if w not in _NOISE and w not in _ASKING]
    if not words:
        words = [w for w in said if w in _LAST_RESORT]
    words += [f"{w} ?" for w in said if w in _ASKING or w in _WEAK]
    pairs = [f"{a} {b}" for a, b in pairwise(said) if not (a in _NOISE and b in _NOISE)]
    return [*words, *pairs]


def _weight(word: str, count: int, rarity: float) -> float:
    return math.sqrt(count) * rarity * (PAIR_WEIGHT if " " in word else 1.0)


def _bare(word: str) -> str:
    """The word without what an apostrophe ties to it: "what's" and "whats" ask what "what is" asks."""
    head, _, tail = word.partition("'")
    if tail in ("s", "re", "ve", "ll", "d", "m"):
        return head
    return word.removesuffix("s") if word in ("whats", "wheres", "whens", "hows", "whos") else head + tail


def _stem(word: str) -> str:
    if word in _SAME:
        return _SAME[word]
    for ending in (
        "ations",
        "ation",
        "ings",
        "ing",
        "edly",
        "ies",
        "ied",
        "ed",
        "es",
        "ly",
        "s",
        "e",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return _SAME.get(word, word)


def _shorter(word: str) -> tuple[str, ...]:
    return tuple(word[:i] + word[i + 1 :] for i in range(len(word)))
