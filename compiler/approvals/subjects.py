"""What can be approved, and its digest: every claim that may be said, and the scripts the firm speaks in its own voice. Pure.

The digest of a claim covers the tenant, the id, every field a reviewer answers for, the texts, the slots by name with what
fills them for every customer alike, and the sha256 of the document the claim cites. The digest of a script covers its own
wording and the digest of every claim it says. Notes, example questions and the order of lists that are sets are part of
neither.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from compiler.source.held import composed
from compiler.source.model import Claim, Source, tidy
from compiler.source.tree import Map
from schemas.bundle import canonical

CLAIM_DOMAIN = b"convo.claim/v1\0"
SCRIPT_DOMAIN = b"convo.script/v1\0"
PERSONA, CAMPAIGN = "persona", "campaign/"
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
        "effective": claim.effective,
        "expires": claim.expires,
        "review_by": claim.review_by,
    }


def _scripts(source: Source, digests: Mapping[str, str]) -> Iterator[Subject]:
    def script(id_: str, raw: Map, words: Mapping[str, Any], says: Iterable[str]) -> Subject:
        cites = tuple(sorted(set(says)))
        own = {"tenant": source.slug, "id": id_, **words}
        said = partial(_with_claims, own, cites, digests)
        return Subject(id=id_, script=True, words=said, raw=raw, cites=cites)

    if "persona" in source.sections:
        raw = source.sections["persona"]
        words = {key: raw[key] for key in ("name", "display_name", "voice", "phrases")}
        words |= {"languages": sorted(raw["languages"]), "prompt": tidy(raw["prompt"])}
        words |= {"opening": list(raw["opening"]), "lines": dict(raw.get("lines", {}))}
        yield script(PERSONA, raw, words, [*raw["opening"], *raw.get("lines", {}).values()])
    journeys: Any = source.sections.get("journeys", {})
    for raw in journeys.get("campaigns", ()):
        words = {"purpose": raw["purpose"], "language": raw["language"], "template": raw.get("template")}
        yield script(f"{CAMPAIGN}{raw['id']}", raw, words | {"says": list(raw["claims"])}, raw["claims"])
    for raw in journeys.get("quick_replies", ()):
        words = {"title": tidy(raw["title"]), "says": list(raw["claims"])}
        yield script(f"quick_reply/{raw['id']}", raw, words, raw["claims"])


def _with_claims(
    words: Mapping[str, Any], cites: Iterable[str], digests: Mapping[str, str]
) -> dict[str, Any]:
    """A script's words with the digest of every claim it says; None for one there is not."""
    return {**words, "claims": {claim: digests.get(claim) for claim in cites}}
