"""`convo propose`: a firm's own document as proposed claims, one statement each, in its words, with where each stands. Pure.

A document is data. Nothing in it can act: its text becomes the text of claims that nobody has approved, or is left out with
the reason. Numbers, dates and conditions are never reworded. What is guessed (the kind, the questions) says so beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from compiler.diagnostics.escape import visible

SHORTEST_CHARS, FEWEST_WORDS, LONGEST_CHARS = 20, 4, 1000
MOST_CLAIMS = 400  # in one file of claims
QUESTION_CHARS = 160
LONGEST_ABBREVIATION = 12
MACHINE = "it holds what reads like an instruction to a machine"
SAME = 0.9  # share of words two statements have in common when they are one
COMMENT_COLUMNS = 98


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A paragraph, an item of a list or a row of a table. `lines`: (offset in the text, line) where each line begins.

    `lead` is the sentence that introduces a list ("You can cancel:"), `heading` the last heading above.
    """

    text: str
    lines: tuple[tuple[int, int], ...]
    page: int | None = None
    heading: str = ""
    lead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What was read from a firm's file: its name under documents/, and its passages in order."""

    name: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One statement that could be a claim. `quote` are the document's words where `says` joins a list's lead to an item."""

    says: str
    kind: str
    when: str
    question: str | None
    place: str
    quote: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Words of the document that became no claim, and why."""

    text: str
    place: str
    why: str


@dataclass(slots=True)
class Proposed:
    proposals: list[Proposal] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


# ---- statements ----------------------------------------------------------------------------------------------------------

_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|approx|incl|mr|mrs|ms|dr|st|no|nos|ltd|plc|co|art|reg|regs|para|paras|p|pp|s|ss|sch|vs|cf|tel|ext|"
    r"a\.m|p\.m|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)|\b[A-Z])\.\Z",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s+[\"'“‘(\[]?[A-Z0-9£€$])")
_FURNITURE = re.compile(
    r"^(?:page \d+|\d+ of \d+|©|copyright\b|all rights reserved|version \d|table of contents|contents\b|www\.|https?://)|\.{4,}",
    re.IGNORECASE,
)
_TO_A_MACHINE = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instruction|prompt|rule|above|previous|guardrail)"
    r"|\b(?:system|developer) (?:prompt|message)\b|<\|?[a-z_]*(?:system|assistant|im_start)"
    r"|\b(?:you are|act as|pretend to be)\b.{0,30}\b(?:ai|assistant|chat ?bot|language model)\b"
    r"|\b(?:assistant|ai|bot|chat ?bot|model|reviewer)\b.{0,40}\b(?:must|should|shall) (?:say|state|tell|approve|reply|output)",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"(?:,|;|:|\band|\bor|\bthe|\ba|\bof|\bto)\Z", re.IGNORECASE)
_TAIL = re.compile(r"(?:[,;]|[,;]?\s+(?:and|or))\Z", re.IGNORECASE)  # what joins an item to the next
_WORD = re.compile(r"[^\W_]+(?:[.,'’][^\W_]+)*")


def propose(document: Document, existing: Mapping[str, Iterable[str]]) -> Proposed:
    """The statements of a document. `existing`: the wordings of each claim there is; what one says already is left out.

    Stops behind the first statement too many for one file.
    """
    made = Proposed()
    known = {name: [_words(text) for text in texts] for name, texts in existing.items()}
    asked = ""  # a question of the document, which what follows answers
    last_heading: str | None = None
    for passage in document.passages:
        if _TO_A_MACHINE.search(passage.text):
            place = _place(document.name, passage, 0)
            made.left_out.append(LeftOut(text=passage.text, place=place, why=MACHINE))
            continue
        if passage.heading != last_heading:
            last_heading = passage.heading
            asked = _question_of(passage.heading)
        for start, sentence in _sentences(passage.text):
            place = _place(document.name, passage, start)
            if sentence.endswith("?"):
                asked = sentence if len(sentence) <= QUESTION_CHARS else asked
                continue
            says = f"{passage.lead} {_TAIL.sub('', sentence)}" if passage.lead else sentence
            if (why := _unfit(says)) is not None:
                if why:
                    made.left_out.append(LeftOut(text=sentence, place=place, why=why))
                continue
            same = _same(_words(says), known)
            if same is not None:
                made.left_out.append(LeftOut(text=says, place=place, why=f"{same} says so already"))
                continue
            known[f"the proposal from {place}"] = [_words(says)]
            kind, when = _kind(says)
            made.proposals.append(
                Proposal(
                    says=says,
                    kind=kind,
                    when=when,
                    question=asked or None,
                    place=place,
                    quote=sentence if passage.lead else None,
                )
            )
            asked = ""  # one statement a question: the reviewer spreads them
            if len(made.proposals) > MOST_CLAIMS:
                return made  # too many for one file: the caller says so
    return made


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """(offset, sentence). A full stop after an abbreviation, or inside a number, ends nothing."""
    start = 0
    for found in _END.finditer(text):
        if found[0][0] == "." and _ABBREVIATION.search(
            text[max(start, found.start() - LONGEST_ABBREVIATION) : found.start() + 1]
        ):
            continue
        yield from _trimmed(text, start, found.end())
        start = found.end()
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    piece = text[start:end]
    if body := piece.strip():
        yield start + len(piece) - len(piece.lstrip()), body


def _unfit(says: str) -> str | None:
    """Why a sentence is no statement: a reason to tell, "" for furniture nobody misses, None when it is one."""
    if _FURNITURE.search(says) or len(_WORD.findall(says)) < FEWEST_WORDS or len(says) < SHORTEST_CHARS:
        return ""
    if len(says) > LONGEST_CHARS:
        return f"it is longer than the {LONGEST_CHARS} characters a claim may have"
    if _UNFINISHED.search(says):
        return "it is not a whole sentence"
    if "{" in says or "}" in says:
        return "braces mark slots in a claim"
    return None


def as_fact(proposal: Proposal) -> Proposal:
    """A disclosure that no journey comes to yet, as a fact; the note says what it may have to become."""
    note = f"Reads like a {proposal.kind}: if it is one, give it that kind and put it where a journey comes to it."
    return replace(proposal, kind="fact", when="on_question", note=note)


# ---- guesses -------------------------------------------------------------------------------------------------------------

_FEE = re.compile(r"\b(?:fees?|charges?|charged|vat|cost(?:s|ing)?|per ?cent|deduct(?:ed|ion)?)\b|[£%]", re.I)
_DISCLOSURE = re.compile(
    r"\b(?:regulated|authori[sz]ed|trading name|registered (?:in|office|number)|do not need to use|don['’]t need to use"
    r"|cancel(?:led|lation)?|cooling.off|free of charge|for free|recorded|personal data|privacy)\b",
    re.I,
)
_SIGNPOST = re.compile(
    r"\b(?:ombudsman|citizens advice|helpline|samaritans|information commissioner|money ?helper|stepchange)\b",
    re.I,
)
_REACH = re.compile(r"\b(?:contact|call|ring|visit|write to|refer|complain|go to|phone|email)\b", re.I)
_STEP = re.compile(
    r"^(?:to [a-z]+|you (?:can|may|must|should|will need to|need to)|please|send|call|write|tell us|once|when|after"
    r"|we (?:will|then))\b",
    re.I,
)


def _kind(says: str) -> tuple[str, str]:
    """(kind, when) as far as words show it: a guess for the reviewer to correct."""
    if _FEE.search(says):
        return "disclosure", "before_any_fee"
    if _SIGNPOST.search(says) and _REACH.search(says):
        return "signpost", "on_question"
    if _DISCLOSURE.search(says):
        return "disclosure", "on_question"
    return ("process" if _STEP.search(says) else "fact"), "on_question"


def _question_of(heading: str) -> str:
    """The question a heading stands for."""
    words = heading.strip().rstrip(".:")
    if not words or len(words) > QUESTION_CHARS - 20 or _TO_A_MACHINE.search(words):
        return ""
    if words.endswith("?"):
        return words
    first = words[0].lower() + words[1:] if words[1:2].islower() else words
    return f"What about {first}?"


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _same(words: frozenset[str], known: Mapping[str, list[frozenset[str]]]) -> str | None:
    """Who says it already: all but a few of the words, and every number, are the same."""
    numbers = {word for word in words if any(char.isdigit() for char in word)}
    for name, wordings in known.items():
        for other in wordings:
            both = len(words & other)
            theirs = {word for word in other if any(char.isdigit() for char in word)}
            if both and both / len(words | other) >= SAME and numbers == theirs:
                return name
    return None


def _place(name: str, passage: Passage, start: int) -> str:
    line = max((line for offset, line in passage.lines if offset <= start), default=1)
    page = f", page {passage.page}" if passage.page is not None else ""
    return f"{name}{page}, line {line}"


# ---- the file ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every claim of a file shares: its document and source, the days, and the ids that are taken."""

    tenant: str
    document: str
    source: str
    effective: str
    review_by: str
    prefix: str
    taken: frozenset[str]
    schema_path: str


_LETTER: Mapping[str, str] = {"disclosure": "D", "process": "P", "signpost": "S", "fact": "F"}


def numbered(proposals: Iterable[Proposal], frame: Frame) -> list[tuple[str, Proposal]]:
    """An id for each: the tenant's letters, the kind's, and the next number nobody has."""
    taken = set(frame.taken)
    out: list[tuple[str, Proposal]] = []
    for proposal in proposals:
        stem = f"{frame.prefix}-{_LETTER[proposal.kind]}"
        numbers = [
            int(name.removeprefix(stem)) for name in taken if re.fullmatch(rf"{re.escape(stem)}\d+", name)
        ]
        name = f"{stem}{max(numbers, default=0) + 1:02d}"
        taken.add(name)
        out.append((name, proposal))
    return out


def claims_file(claims: Iterable[tuple[str, Proposal]], left_out: Iterable[LeftOut], frame: Frame) -> str:
    """claims/proposed-<name>.yaml: every value quoted as JSON, which is YAML; `fmt` lays it out."""
    parts = [
        f"# yaml-language-server: $schema={frame.schema_path}",
        f"# Proposed from {frame.document}; nobody has approved any of it. Kinds and questions are guesses.",
        "# Check each against the document, correct it, move it to the file of its topic, then have it approved.",
        "",
    ]
    for name, proposal in claims:
        parts += [*_comment(f"From {proposal.place}"), *_quoted(proposal)]
        parts += _claim(name, proposal, frame)
        parts.append("")
    rest = list(left_out)
    if rest:
        parts.append("# Left out:")
        for item in rest:
            parts += _comment(f"{item.place}: {item.why}: {item.text[:200]}")
    return "\n".join(parts) + "\n"


def source_entry(frame: Frame, *, seen: str) -> str:
    """The entry of sources.yaml for the document itself."""
    title = f"The firm's own document {frame.document.removeprefix('documents/')}"
    return f"- id: {frame.source}\n  title: {_text(title)}\n  date: {seen}\n  seen: primary\n"


def _claim(name: str, proposal: Proposal, frame: Frame) -> Iterator[str]:
    yield f"- id: {name}"
    yield f"  kind: {proposal.kind}"
    yield f"  says: {_text(proposal.says)}"
    yield f"  when: {proposal.when}"
    yield f"  source: [{frame.source}]"
    yield f"  document: {frame.document}"
    yield f"  effective: {frame.effective}"
    yield f"  review_by: {frame.review_by}"
    if proposal.question:
        yield f"  questions: [{_text(proposal.question)}]"
    if proposal.note:
        yield f"  note: {_text(proposal.note)}"


def _quoted(proposal: Proposal) -> list[str]:
    return _comment(f"In its words: {proposal.quote}") if proposal.quote else []


def _comment(text: str) -> list[str]:
    """One thing said in comments, folded. A line end in it cannot end the comment."""
    lines: list[str] = []
    for word in visible(" ".join(text.split())).split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= COMMENT_COLUMNS:
            lines[-1] += " " + word
        else:
            lines.append(("  " if lines else "") + word)
    return [f"# {line}" for line in lines]


def _text(value: str) -> str:
    import json

    return json.dumps(value, ensure_ascii=not value.isprintable())
