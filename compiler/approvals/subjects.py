"""What can be approved, and its digest: every claim that may be said, and the scripts the firm speaks in its own voice. Pure.

The digest of a claim covers the tenant, the id, every field a reviewer answers for, the texts, the slots by name with what
fills them for every customer alike, the questions it answers, and the sha256 of the document the claim cites. An answer
that begins with "Yes" says whatever it is asked, so question and answer are approved as a pair. The digest of a script covers
its own wording, the questions that lead to it, and the digest of every claim it says. Notes and the order of lists that are
sets are part of neither. What a thing may lack is in its digest only where it is there, so that a new field voids no approval
of what has none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from compiler.source.held import composed
from compiler.source.model import Claim, Source, tidy
from compiler.source.tree import Map
from schemas.bundle import canonical

CLAIM_DOMAIN = b"convo.claim/v1\0"
SCRIPT_DOMAIN = b"convo.script/v1\0"
PERSONA, CAMPAIGN = "persona", "campaign/"
FACTS, SCRIPTS = "facts", "scripts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing to approve. `id`: DD-D04, persona, campaign/<id> or quick_reply/<id>; `raw`: where it stands."""

    id: str
    script: bool
    digest: str
    normative: Mapping[str, Any] = field(repr=False)
    raw: Map = field(repr=False)
    cites: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What an approver must be enrolled for: `facts` or `scripts`."""
        return SCRIPTS if self.script else FACTS

    @property
    def key(self) -> str:
        """The key under which a line of approvals.yaml names it."""
        return "script" if self.script else "claim"


def subjects_of(source: Source) -> dict[str, Subject]:
    """Everything of a tenant that wants approval: claims by id, then scripts."""
    fills = source.fills()
    found = {claim.id: _claim(source, claim, fills) for claim in source.spoken()}
    digests = {id_: subject.digest for id_, subject in found.items()}
    found.update((script.id, script) for script in _scripts(source, digests))
    return found


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
    normative = _normative(source, claim, fills)
    digest = digest_of_words(normative, script=False)
    return Subject(id=claim.id, script=False, digest=digest, normative=normative, raw=claim.raw)


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
    def script(id_: str, raw: Map, words: Mapping[str, Any], says: Iterable[str]) -> Subject:
        cites = tuple(sorted(set(says)))
        claims = {claim: digests.get(claim) for claim in cites}
        normative = {"tenant": source.slug, "id": id_, **words, "claims": claims}
        digest = digest_of_words(normative, script=True)
        return Subject(id=id_, script=True, digest=digest, normative=normative, raw=raw, cites=cites)

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
        yield script(f"quick_reply/{raw['id']}", raw, words | _sets(raw, "questions"), raw["claims"])
