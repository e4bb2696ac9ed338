"""What can be approved, and its digest: every claim that may be said, and the scripts the firm speaks in its own voice. Pure.

The digest of a claim covers the tenant, the id, every field a reviewer answers for, the texts, the slots by name with what
fills them for every customer alike, the questions it answers, and the sha256 of the document the claim cites. An answer
that begins with "Yes" says whatever it is asked, so question and answer are approved as a pair. The digest of a script covers
its own wording, the questions that lead to it, and the digest of every claim it says; the persona's covers its prompt as it is
filled in, and the titles and sender's names it is shown under. Notes and the order of lists that are
sets are part of neither. What a thing may lack is in its digest only where it is there, so that a new field voids no approval
of what has none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from compiler.rules.prompt import filled_in
from compiler.source.held import composed
from compiler.source.model import Claim, Source, tidy
from compiler.source.tree import Map
from schemas.bundle import canonical

CLAIM_DOMAIN = b"convo.claim/v1\0"
SCRIPT_DOMAIN = b"convo.script/v1\0"
PERSONA, CAMPAIGN, QUICK_REPLY = "persona", "campaign/", "quick_reply/"
FACTS, SCRIPTS = "facts", "scripts"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One thing to approve. `id`: DD-D04, persona, campaign/<id> or quick_reply/<id>; `raw`: where it stands.

    What nobody has approved yet is not asked for its digest in a check: words and digest are worked out when asked for.
    """

    id: str
    script: bool
    words: Callable[[], Mapping[str, Any]] = field(repr=False)
    raw: Map = field(repr=False)
    cites: tuple[str, ...] = ()

    @cached_property
    def normative(self) -> Mapping[str, Any]:
        """What an approver answers for."""
        return self.words()

    @cached_property
    def digest(self) -> str:
        return digest_of_words(self.normative, script=self.script)

    @property
    def kind(self) -> str:
        """What an approver must be enrolled for: `facts` or `scripts`."""
        return SCRIPTS if self.script else FACTS

    @property
    def key(self) -> str:
        """The key under which a line of approvals.yaml names it."""
        return "script" if self.script else "claim"


class Digests(Mapping[str, str]):
    """The digest of each subject by its id."""

    def __init__(self, subjects: Mapping[str, Subject]) -> None:
        self.subjects = subjects

    def __getitem__(self, id_: str) -> str:
        return self.subjects[id_].digest

    def __iter__(self) -> Iterator[str]:
        return iter(self.subjects)

    def __len__(self) -> int:
        return len(self.subjects)


def subjects_of(source: Source) -> dict[str, Subject]:
    """Everything of a tenant that wants approval: claims by id, then scripts."""
    fills = source.fills()
    claims = {claim.id: _claim(source, claim, fills) for claim in source.spoken()}
    return {**claims, **{script.id: script for script in _scripts(source, Digests(claims))}}


def claim_digest(source: Source, claim: Claim) -> str:
    """`sha256:<hex>` of everything an approver of this claim answers for, in canonical form."""
    return digest_of_words(_normative(source, claim, source.fills()), script=False)


def digest_of_words(normative: Mapping[str, Any], *, script: bool) -> str:
    """The digest under which these words are approved."""
    domain = SCRIPT_DOMAIN if script else CLAIM_DOMAIN
    return "sha256:" + hashlib.sha256(domain + canonical_words(normative)).hexdigest()


def canonical_words(value: Mapping[str, Any]) -> bytes:
    """Canonical JSON with every text in NFC. ASCII, which is nearly everything, is in NFC as it is."""
    data = canonical(value)
    return data if data.isascii() else canonical(composed(value))


def written(normative: Mapping[str, Any]) -> str:
    """The words as a line of approvals.yaml keeps them: one form only, readable, without a character one cannot see.

    What is empty is left out, as `kept_words` knows what was.
    """
    normative = {key: value for key, value in normative.items() if value not in (None, [], {})}
    text = json.dumps(
        normative if canonical(normative).isascii() else composed(normative),
        ensure_ascii=False,
        sort_keys=True,
        indent=1,
    )
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def kept_words(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """The words a line keeps, if they are the very ones its digest names, in the one form they are written in."""
    text = line.get("text")
    if text is None:
        return None
    try:
        normative = words_of(text)
        same = written(normative) == text
        same = same and digest_of_words(normative, script="script" in line) == line["digest"]
    except (ValueError, TypeError, RecursionError):
        return None
    return normative if same else None


def words_of(text: str) -> dict[str, Any]:
    """What `written` wrote, whole again. Raises ValueError."""
    words = json.loads(text)
    if not isinstance(words, dict):
        raise ValueError("the words are no object")
    return {**_empty(words), **words}


def _empty(words: Mapping[str, Any]) -> dict[str, Any]:
    """What the words of such a thing may lack. Guessed wrongly, the digest is another, and the words are not believed."""
    if "kind" in words:
        lists = ("slots", "covers", "required_with", "sources", "channels", "audience", "options")
        nothing = ("repeat_after_days", "document", "expires", "review_by")
        return {**{key: [] for key in lists}, "values": {}, **dict.fromkeys(nothing)}
    if words.get("id") == PERSONA:
        return {"phrases": [], "opening": [], "lines": {}, "claims": {}}
    campaign = {"template": None} if str(words.get("id")).startswith(CAMPAIGN) else {}
    return {"says": [], "claims": {}, **campaign}


def _claim(source: Source, claim: Claim, fills: Mapping[str, str]) -> Subject:
    words = partial(_normative, source, claim, fills)
    return Subject(id=claim.id, script=False, words=words, raw=claim.raw)


def _normative(source: Source, claim: Claim, fills: Mapping[str, str]) -> dict[str, Any]:
    raw = claim.raw
    return {
        "tenant": source.slug,
        "id": claim.id,
        "kind": claim.kind,
        "texts": claim.texts,
        "slots": sorted(claim.slots),
        "values": {slot: tidy(fills[slot]) for slot in sorted(claim.slots) if slot in fills},
        "when": claim.when,
        "covers": sorted(claim.covers),
        "required_with": list(claim.required_with),
        "repeat_after_days": raw.get("repeat_after_days"),
        "sources": sorted(raw["source"]),
        "document": source.documents.get(raw["document"], "") if "document" in raw else None,
        "channels": sorted(claim.channels),
        "audience": sorted(claim.audience),
        "options": list(raw.get("options", ())),
        **({"topic": tidy(raw["topic"])} if "topic" in raw else {}),
        **_sets(raw, "questions", "never_say"),
        "effective": claim.effective,
        "expires": claim.expires,
        "review_by": claim.review_by,
    }


def _sets(raw: Map, *keys: str) -> dict[str, list[str]]:
    """Those of these lists that there are, each text once and in one order: none of them is said in an order."""
    return {key: sorted({tidy(text) for text in raw[key]}) for key in keys if key in raw}


def _scripts(source: Source, digests: Mapping[str, str]) -> Iterator[Subject]:
    def script(id_: str, raw: Map, words: Callable[[], Mapping[str, Any]], says: Iterable[str]) -> Subject:
        cites = tuple(sorted(set(says)))
        whole = partial(_with_claims, {"tenant": source.slug, "id": id_}, words, cites, digests)
        return Subject(id=id_, script=True, words=whole, raw=raw, cites=cites)

    if "persona" in source.sections:
        raw = source.sections["persona"]
        said = [*raw["opening"], *raw.get("lines", {}).values()]
        yield script(PERSONA, raw, partial(_persona, source, raw), said)
    journeys: Any = source.sections.get("journeys", {})
    for raw in journeys.get("campaigns", ()):
        yield script(f"{CAMPAIGN}{raw['id']}", raw, partial(_campaign, raw), raw["claims"])
    for raw in journeys.get("quick_replies", ()):
        yield script(f"{QUICK_REPLY}{raw['id']}", raw, partial(_quick_reply, raw), raw["claims"])


def _persona(source: Source, raw: Map) -> dict[str, Any]:
    """What the persona is called and how it is told to speak: its prompt with what other files fill in, and the names it is
    shown under."""
    prompt = filled_in(source)
    return {
        **{key: raw[key] for key in ("name", "display_name", "voice", "phrases")},
        "languages": sorted(raw["languages"]),
        "prompt": tidy(raw["prompt"]) if prompt is None else prompt,
        "opening": list(raw["opening"]),
        "lines": dict(raw.get("lines", {})),
        **_shown(source),
    }


def _shown(source: Source) -> dict[str, list[str]]:
    """The titles of the chat pages and the sender's names of e-mails."""
    pages = {c.address for c in source.connections if c.channel == "webchat"}
    names = {
        c.raw["options"]["from_name"] for c in source.connections if "from_name" in c.raw.get("options", {})
    }
    titles = pages | ({source.sections["tenant"]["display_name"]} if "tenant" in source.sections else set())
    found = {"titles": titles, "senders": names}
    return {key: sorted(map(tidy, texts)) for key, texts in found.items() if texts}


def _campaign(raw: Map) -> dict[str, Any]:
    words = {"purpose": raw["purpose"], "language": raw["language"], "template": raw.get("template")}
    return {**words, "says": list(raw["claims"])}


def _quick_reply(raw: Map) -> dict[str, Any]:
    return {"title": tidy(raw["title"]), "says": list(raw["claims"]), **_sets(raw, "questions")}


def _with_claims(
    named: Mapping[str, Any],
    words: Callable[[], Mapping[str, Any]],
    cites: Iterable[str],
    digests: Mapping[str, str],
) -> dict[str, Any]:
    """A script's words with the digest of every claim it says; None for one there is not."""
    return {**named, **words(), "claims": {claim: digests.get(claim) for claim in cites}}
