"""What was said in this conversation, as far as it bears on what is said next: the last topic, and words too fresh to repeat."""

from __future__ import annotations

import re2

from runtime.engine.scene import Scene
from schemas.text import normalise

FRESH_REPLIES = 2  # of ours: words in them are not said again in full
TOPIC_LINES = 6  # how far back a topic may lie
FOLLOW_UP_CHARS = 60  # whoever writes more says what it is about

_MORE = re2.compile(
    r"^(?:(?:ok|right|and|so|but|yes|please|sorry|hmm+|can you|could you|just|well) )*(?:"
    r"(?:tell me |say |a bit |some |any )*more(?: about (?:that|it|this))?|go on|carry on|such as|like what|"
    r"(?:please )?(?:explain|elaborate)(?: (?:that|it|this|more|again|a bit|please))*|"
    r"(?:what|how) (?:do|does|did) (?:you|that|it|this) mean(?: by (?:that|it|this))?|meaning|how come|how so|"
    r"why(?: (?:is|not|that|so))*|"
    r"(?:and )?what about (?:that|it|this)|(?:and )?(?:that|this|it)|i don'?t (?:understand|get it|follow)"
    r")(?: please| then| mate| though)*$"
)
_REFERS = re2.compile(r"\b(?:that|this|it|those|them|they|one|then|there)\b")
_PLACE = re2.compile(
    r"^(?:(?:ok|and|so|now|what about|how about|tell me about|i meant|actually) )*"
    r"(?:the )?(first|second|third|last|other|1st|2nd|3rd) (?:one|option|topic|question|point|thing)(?: please| then| instead)*$"
)
_PLACES = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "last": -1}


def wants_more(words: str) -> bool:
    """`tell me more`, `why?`, `and that?`: nothing but a wish to hear more of what was said."""
    return _MORE.match(_plain(words)) is not None


def refers_back(words: str) -> bool:
    """A short question about something it does not name."""
    plain = _plain(words)
    return len(plain) <= FOLLOW_UP_CHARS and _REFERS.search(plain) is not None


def place_of(words: str, options: int) -> int | None:
    """Which of the options offered before is meant by its place alone (`the second one`), from 0; None when none is."""
    found = _PLACE.match(_plain(words))
    if found is None:
        return None
    if found[1] == "other":
        return 1 if options == 2 else None
    place = _PLACES[found[1]] % options if options else 0
    return place if found[1] == "last" or _PLACES[found[1]] < options else None


def topic_of(scene: Scene) -> str | None:
    """The claim that was answered with last; the opening and the machine's own lines are no topics."""
    for line in reversed(scene.turn.history[-TOPIC_LINES:]):
        for claim_id in line.claims if line.ours else ():
            claim = scene.bundle.claims.get(claim_id)
            if claim is None or claim.kind == "line" or claim_id in scene.bundle.persona.opening:
                continue
            return claim_id
    return None


def fresh(scene: Scene) -> frozenset[str]:
    """Claims in our last few replies: in the same words again they would help nobody."""
    claims: list[str] = []
    replies, ours = 0, False
    for line in reversed(scene.turn.history):
        replies += line.ours and not ours
        ours = line.ours
        if replies > FRESH_REPLIES:
            break
        claims += line.claims
    return frozenset(claims)


def said_as(scene: Scene, wording: str) -> bool:
    """Whether our last words were these; of a wording with slots its beginning is compared."""
    beginning = wording.split("{", maxsplit=1)[0].strip()
    for line in reversed(scene.turn.history):
        if not line.ours:
            return False
        if beginning and beginning in line.text:
            return True
    return False


def _plain(words: str) -> str:
    return normalise(words).text.strip(" .!?,").replace(",", "")
