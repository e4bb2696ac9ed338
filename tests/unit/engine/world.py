"""A small tenant made by hand, turns to give it, and ports that answer as the real ones do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from runtime.engine.questionnaire import QUESTIONS
from runtime.messages import Lease, Line, Outcome, Pending, Stop, Turn
from runtime.ports import Hit, ModelDown, ModelOrder, ModelReply, Prompt
from schemas.bundle import FORMAT, Bundle, canonical
from schemas.text import match_opt_out, normalise

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
CONVERSATION = UUID("00000000-0000-4000-8000-000000000001")
CONTACT = UUID("00000000-0000-4000-8000-000000000002")


def claim(claim_id: str, says: str, **more: Any) -> dict[str, Any]:
    """A claim document: approved, in force, English, nothing required, offered by its first question; `more` overrides."""
    language = more.pop("language", "en-GB")
    texts = {language: {"full": says, **more.pop("variants", {})}}
    return {
        "id": claim_id,
        "kind": "fact",
        "texts": texts,
        "slots": [],
        "when": "",
        "required_with": [],
        "repeat_after_days": None,
        "never_say": [],
        "sources": ["EXAMPLE"],
        "effective": "2026-01-01",
        "expires": None,
        "review_by": "2027-02-21",
        "channels": [],
        "audience": [],
        "questions": [],
        "options": [],
        "topic": next(iter(more.get("questions", ())), ""),
        "digest": "sha256:" + claim_id.lower().ljust(64, "0"),
        "approvals": [],
        "approved": True,
        "file": "claims/world.yaml",
        "line": 1,
    } | more


def pattern(pattern_id: str, match: str, *unless: str) -> dict[str, Any]:
    return {"id": pattern_id, "match": match, "lang": "any", "unless": list(unless)}


def category(category_id: str, priority: int, *patterns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": category_id,
        "priority": priority,
        "patterns": list(patterns),
        "reply": None,
        "send_class": "safety" if priority == 0 else "reply",
        "hold": False,
        "case": None,
        "sla_minutes": None,
        "suppress": False,
        "stops_bot": False,
        "page": False,
        "after": 1,
    } | more


CLAIMS: tuple[dict[str, Any], ...] = (
    claim("T-D01", "Hi, I'm Tess, an automated assistant (AI) for {tenant.brand}. I'm not a person.", kind="disclosure",
          slots=["tenant.brand"], required_with=["T-D02", "T-D03"], questions=["are you a real person or a robot"],
          variants={"answer": "I'm an automated assistant (AI) for {tenant.brand}. I'm not a person."}),
    claim("T-D02", "{tenant.brand} is a trading name of EXAMPLE FIRM LTD.", kind="disclosure", slots=["tenant.brand"],
          required_with=["T-D01", "T-D03"], questions=["who are you", "what company is this"]),
    claim("T-D03", "You can stop these messages any time: reply STOP.", kind="disclosure"),
    claim("T-D04", "You can complain to your lender yourself, for free.", kind="disclosure", required_with=["T-S01"],
          questions=["is there a free way", "can I do it myself"]),
    claim("T-D06", "Our fee is 30% of what you get back, including VAT (EXAMPLE).", kind="disclosure",
          required_with=["T-D04", "T-S01"], questions=["what is your fee", "how much does it cost"]),
    claim("T-D08", "I can't tell you whether you have a claim or what it might be worth.", kind="disclosure",
          questions=["how much will I get", "what is my claim worth", "do I qualify"]),
    claim("T-F01", "Some car finance agreements involved commission paid to the dealer.", required_with=["T-D08"],
          questions=["what is commission about", "did my dealer get commission"],
          variants={"short": "Some agreements involved commission."}),
    claim("T-F02", "The Supreme Court ruled on 1 August 2025.", questions=["what did the court decide"]),
    claim("T-F03", "Leasing agreements are not part of it.", questions=["is leasing included", "what about a leased car"]),
    claim("T-F04", "Hire purchase agreements are part of it.", questions=["is hire purchase included"]),
    claim("T-F05", "Only for the web page.", channels=["webchat"], questions=["web page only fact"]),
    claim("T-F06", "This one has expired.", expires="2026-11-24", questions=["tell me the expired fact"]),
    claim("T-F07", "You wrote to us because {consent.source_line}.", slots=["consent.source_line"],
          questions=["why have you got my number"]),
    claim("T-S01", "The Financial Ombudsman Service is free for consumers: 0800 023 4567.", kind="signpost"),
    claim("T-Q01", "Has anyone else already complained for you?", kind="question", options=["Yes", "No", "Not sure"]),
    claim("T-Q03", "Would you like to complain yourself, get the form, or leave it there?", kind="question",
          options=["Complain myself", "Get the form", "Leave it there"], required_with=["T-D04", "T-S01"],
          questions=["can I have the form", "I want to claim"]),
    claim("T-P01", "Here is the form: {tenant.form_url}. There's no rush.", kind="process", slots=["tenant.form_url"],
          required_with=["T-D04", "T-S01", "T-D06"]),
    claim("T-P03", "To complain yourself, write to your lender and say why you're unhappy.", kind="process",
          questions=["complain myself", "how do I complain to my lender"]),
    claim("L-STOP", "OK, you won't hear from us again.", kind="line"),
    claim("L-HOLD", "We're having a technical problem. Your message is safe and a person will reply.", kind="line"),
    claim("L-HAND", "A colleague will answer you here in working hours: {tenant.hours}.", kind="line",
          slots=["tenant.hours"]),
    claim("L-FALL", "I'd rather have a person look at that, so I've asked one.", kind="line"),
    claim("L-NONE", "I don't have approved information on that. Reply HUMAN for a person.", kind="line"),
    claim("L-CLAR", "I want to be sure I answer the right thing. Which one do you mean?", kind="line"),
    claim("L-SAFE", "I'm sorry you're feeling like this. If you're in danger call 999. Samaritans are on 116 123.", kind="line"),
    claim("L-DIST", "I'm sorry things are so hard. A person will look at this.", kind="line"),
    claim("L-SORRY", "Sorry about that. You won't hear from us again.", kind="line"),
    claim("L-TOPIC", "I can only talk about car finance commission.", kind="line"),
    claim("L-HELLO", "Hello. What would you like to know?", kind="line", when="greeting"),
)  # fmt: skip

CATEGORIES: tuple[dict[str, Any], ...] = (
    category("danger_now", 0, pattern("end", r"\bend it all\b|\bwant to die\b|\bno point living\b", r"\bcontract\b"),
             reply="L-SAFE", hold=True, case="safety", sla_minutes=15, stops_bot=True, page=True),
    category("distress", 1, pattern("wits", r"\bat my wits end\b|\bcan't cope\b"), reply="L-DIST", hold=True, case="care",
             sla_minutes=120, stops_bot=True),
    category("wrong_person", 2, pattern("wrong", r"\bwrong (number|person)\b"), reply="L-SORRY", suppress=True, case="data",
             stops_bot=True),
    category("human_request", 2, pattern("ask", r"\bspeak to (a|an)? ?(human|person|agent)\b"), reply="L-HAND",
             case="handoff", stops_bot=True),
    category("injection_or_probe", 3, pattern("ignore", r"\bignore (all |your |previous )*instructions\b"), reply="L-TOPIC",
             case="probe", after=3),
)  # fmt: skip

DOCUMENT: Mapping[str, Any] = {
    "format": FORMAT,
    "unapproved": False,
    "tenant": {
        "slug": "test-tess",
        "display_name": "Test Tess",
        "organisation": "example-group",
        "legal_entity": "EXAMPLE FIRM LTD",
        "nation": "GB-ENG",
        "timezone": "Europe/London",
        "language": "en-GB",
        "packs": [],
        "values": {"brand": "Test Tess", "hours": "Monday to Friday, 9am to 5pm"},
        "example": True,
        "accent": {},
        "hours_text": "Monday to Friday",
        "retention_days": {},
    },
    "persona": {
        "name": "Tess",
        "display_name": "Tess (automated assistant)",
        "languages": ["en-GB"],
        "max_chars": 320,
        "opening": ["T-D01", "T-D02", "T-D03"],
        "phrases": ["Good question.", "Thanks for asking."],
        "preset": "fast",
        "prompt": "You choose Tess's moves.",
        "topic": "car finance commission",
    },
    "claims": list(CLAIMS),
    "prohibited": [
        {"id": "T-X01", "says": "Any percentage or amount.", "match": [r"£\s?\d", r"\d+ ?%"], "allow": ["T-D06"],
         "file": "x", "line": 1},
        {"id": "T-X02", "says": "Any guarantee.", "match": ["guarantee", "entitled to"], "allow": [], "file": "x", "line": 2},
    ],
    "categories": list(CATEGORIES),
    "opt_out": {
        "en": {
            "exact": ["stop", "end", "quit", "cancel", "unsubscribe", "🛑"],
            "contains": ["take me off your list", "stop messaging me", "leave me alone"],
            "unless": ["don't stop", "bus stop"],
            "stop_all": ["stop all"],
        }
    },
    "handoff_words": ["human", "real person"],
    "lines": {
        "opt_out_confirmation": "L-STOP",
        "holding": "L-HOLD",
        "handoff": "L-HAND",
        "fallback": "L-FALL",
        "no_answer": "L-NONE",
        "clarify": "L-CLAR",
        "off_hours": None,
    },
    "links": [
        {
            "id": "form",
            "url": "https://example.com/claim?ref={ref}",
            "claim": "T-P01",
            "requires": ["T-D04", "T-D06"],
            "answers": {"T-Q01": "No", "T-Q03": "Get the form"},
        }
    ],
    "connections": [],
    "policy": {
        "timezone": "Europe/London",
        "open_minute": 540,
        "close_minute": 1200,
        "quiet_weekdays": [7],
        "quiet_dates": [],
        "proactive_per_day": 1,
        "proactive_per_30_days": 3,
        "min_gap_hours": 48,
        "strikes": 3,
        "consent_max_age_days": 180,
        "window_hours": 24,
        "spend_pence_per_day": 1000,
        "spend_pence_per_contact_per_day": 50,
    },
    "send_table": [],
    "guardrails": ["no-amounts", "honest-ai", "no-pressure", "opt-out", "no-injection", "on-topic"],
    "quick_replies": [{"id": "fees", "title": "What it costs", "claims": ["T-D06"], "questions": ["what would this cost me"]}],
    "campaigns": [
        {"id": "hello", "claims": ["T-D01", "T-D02", "T-D03"], "purpose": "info", "template": "hello", "language": "en-GB"}
    ],
    "escalation": {},
}  # fmt: skip


def bundle(**changes: Any) -> Bundle:
    """The hand-made tenant, with top-level parts of the document replaced; decoded from its canonical bytes."""
    return Bundle.decode(canonical({**DOCUMENT, **changes}))


def with_claims(*claims: dict[str, Any], **changes: Any) -> Bundle:
    """The tenant with claims added, or replaced where the id is known."""
    by_id = {c["id"]: c for c in (*CLAIMS, *claims)}
    return bundle(claims=list(by_id.values()), **changes)


SHOWN = {claim_id: NOW - timedelta(hours=1) for claim_id in ("T-D01", "T-D02", "T-D03")}


def message(
    text: str, *, seq: int = 1, sent_at: datetime = NOW, kind: str = "text", of: Bundle | None = None
) -> Pending:
    found = match_opt_out(text, (of or bundle()).opt_out)
    stop = Stop(scope=found[0], matched=found[1]) if found else None
    return Pending(seq=seq, text=text, kind=kind, sent_at=sent_at, received_at=max(sent_at, NOW), stop=stop)


def turn(*texts: str | Pending, **changes: Any) -> Turn:
    """A turn over `texts`, by default of somebody who has seen the opening. `changes` are fields of Turn."""
    active = changes.pop("active", None) or bundle()
    pending = tuple(
        t if isinstance(t, Pending) else message(t, seq=i, of=active) for i, t in enumerate(texts, 1)
    )
    fields: dict[str, Any] = {
        "tenant_id": 1,
        "conversation_id": CONVERSATION,
        "contact_id": CONTACT,
        "lease": Lease(tenant_id=1, conversation_id=CONVERSATION, fence=1, attempts=1, until=NOW + timedelta(seconds=60)),
        "connection_id": "tess-wa-sandbox",
        "channel": "whatsapp_360dialog",
        "sandbox": True,
        "pinned": active,
        "active": active,
        "withdrawn": frozenset(),
        "pending": pending,
        "history": (),
        "shown": SHOWN,
        "answers": {},
        "slots": {"consent.source_line": "you asked us on 1 November 2026"},
        "counts": {},
        "language": "en-GB",
        "opted_out_at": NOW if any(p.stop for p in pending) else None,
        "holds": (),
        "human_owner": None,
        "open_cases": (),
        "asked": None,
        "now": NOW,
    }  # fmt: skip
    return Turn(**{**fields, **changes})


def ours(*claims: str, text: str = "") -> Line:
    return Line(ours=True, text=text, at=NOW - timedelta(minutes=5), claims=claims)


def theirs(text: str) -> Line:
    return Line(ours=False, text=text, at=NOW - timedelta(minutes=4))


@dataclass
class FixedClock:
    """A clock that moves only when told."""

    at: datetime = NOW
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class WordSearch:
    """Claims by words shared with their example questions: what text search does, without a database."""

    bundle: Bundle

    async def search(self, *, tenant_id: int, digest: str, question: str, limit: int) -> Sequence[Hit]:
        assert digest == self.bundle.digest
        asked = set(normalise(question).text.split())
        hits = [
            Hit(claim_id=c.id, score=len(asked & set(q.split())) / (1 + len(asked)), matched=q)
            for c in self.bundle.claims.values()
            for q in c.questions
            if asked & set(q.split())
        ]
        return sorted(hits, key=lambda h: -h.score)[:limit]


class BrokenSearch:
    async def search(self, *, tenant_id: int, digest: str, question: str, limit: int) -> Sequence[Hit]:
        raise ConnectionError("the search is away")


@dataclass
class ScriptedModel:
    """Returns the scripted JSON texts one after the other; then it is down. Keeps the prompts it was shown."""

    script: list[Any]
    prompts: list[Prompt] = field(default_factory=list)
    clock: FixedClock | None = None
    takes_s: float = 0.0

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
        self.prompts.append(prompt)
        if self.clock is not None:
            self.clock.seconds += self.takes_s
        if not self.script:
            raise ModelDown("scripted: no more")
        said = self.script.pop(0)
        if isinstance(said, Exception):
            raise said
        text = said if isinstance(said, str) else json.dumps({"moves": said, "language": "en-GB"})
        return ModelReply(
            json_text=text, provider="scripted", model="scripted-1", tokens_in=10, tokens_out=5, latency_ms=7,
            rung="primary", cost_micropence=100,
        )  # fmt: skip


@dataclass
class ScriptedChecker:
    """Allows or refuses every `say`, or is down."""

    allowed: bool = True
    down: bool = False

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
        if self.down:
            raise ModelDown("no checker")
        right = {q.id: q.must_be for q in QUESTIONS}
        wrong = {**right, QUESTIONS[0].id: "yes"}
        sentences = prompt.schema["properties"]["sentences"]["minItems"]
        answers = {"sentences": [right if self.allowed else wrong] * sentences}
        return ModelReply(
            json_text=json.dumps(answers), provider="other", model="checker-1", tokens_in=10, tokens_out=5, latency_ms=3,
            rung="primary", cost_micropence=10,
        )  # fmt: skip


def spoken(outcome: Outcome) -> list[list[str | None]]:
    """The claims of each send, in order."""
    return [[s.claim for s in send.sentences] for send in outcome.sends]


def claims_of(outcome: Outcome) -> set[str | None]:
    return {claim_id for send in spoken(outcome) for claim_id in send}


def effects_of(outcome: Outcome) -> list[str]:
    return [type(effect).__name__ for effect in outcome.effects]
