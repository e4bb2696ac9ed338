"""`convo propose`: a firm's own document as proposed claims, one statement each, in its words, with where each stands. Pure.

A document is data. Nothing in it can act: its text becomes the text of claims that nobody has approved, or is left out with
the reason. Numbers, dates and conditions are never reworded. What is guessed (the kind, the questions) says so beside it.
A place is `file:line:column-line:column`, columns in characters from 1, the end exclusive; of a PDF it is page and lines.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from compiler.diagnostics.escape import visible

SHORTEST_CHARS, FEWEST_WORDS, LONGEST_CHARS = 20, 4, 1000
MOST_CLAIMS = 400  # in one file of claims
MOST_LEFT_OUT = 1000  # that are listed there, every one
QUESTION_CHARS = 160
LONGEST_ABBREVIATION = 12
MACHINE = "it holds what reads like an instruction to a machine"
LEADS = "it leads to a list, and none follows"  # a reader gives this to every such sentence
SAME = 0.9  # share of words two statements have in common when they are one
COMMENT_COLUMNS = 98
QUOTED_CHARS = 200  # of what is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A paragraph, an item of a list or a row of a table. `places`: (offset in the text, line, column) of each run of it.

    `lead` is the sentence that introduces a list ("You can cancel:"), `heading` the last heading above. `left_out` is why
    it is not read at all: nobody sees it, or it is code.
    """

    text: str
    places: tuple[tuple[int, int, int], ...]
    page: int | None = None
    heading: str = ""
    lead: Passage | None = None
    left_out: str = ""

    def at(self, offset: int) -> tuple[int, int]:
        """(line, column) of a character of the text."""
        run = bisect_right(self.places, offset, key=lambda place: place[0]) - 1
        first, line, column = self.places[max(run, 0)]
        return line, column + offset - first

    def since(self, offset: int) -> Passage:
        """The rest of the text, from an offset on."""
        later = ((first - offset, line, column) for first, line, column in self.places if first > offset)
        places = ((0, *self.at(offset)), *later)
        return replace(self, text=self.text[offset:], places=places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What was read from a firm's file: its name under documents/, and its passages in order."""

    name: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One statement that could be a claim. `quote` are the document's words at `place`, `led_by` those that lead to them."""

    says: str
    kind: str
    when: str
    question: str | None
    place: str
    quote: str
    led_by: tuple[str, str] | None = None  # (words, place)
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

    Every sentence is a proposal, a question that one answers, or left out with the reason. Stops behind the first thing too
    many for one file.
    """
    made = Proposed()
    known = {name: [_words(text) for text in texts] for name, texts in existing.items()}
    asked = _Asked()
    for passage in _unfolded(document.passages):
        if why := passage.left_out or (MACHINE if _TO_A_MACHINE.search(passage.text) else ""):
            place = _place(document.name, passage, 0, len(passage.text))
            made.left_out.append(LeftOut(text=passage.text, place=place, why=why))
            continue
        asked.under(passage.heading)
        for start, sentence in _sentences(passage.text):
            place = _place(document.name, passage, start, start + len(sentence))
            if sentence.endswith("?"):
                made.left_out += asked.by(sentence, place)
                continue
            lead = passage.lead.text if passage.lead else ""
            says = f"{lead} {_TAIL.sub('', sentence)}" if lead else sentence
            why = _unfit(says) or _said(says, known)
            if why:
                made.left_out.append(LeftOut(text=sentence, place=place, why=why))
                continue
            known[f"the proposal from {place}"] = [_words(says)]
            kind, when = _kind(says)
            made.proposals.append(
                Proposal(
                    says=says,
                    kind=kind,
                    when=when,
                    question=asked.answered(),
                    place=place,
                    quote=sentence,
                    led_by=_led_by(document.name, passage.lead),
                )
            )
        if len(made.proposals) > MOST_CLAIMS or len(made.left_out) > MOST_LEFT_OUT:
            return made  # too many for one file: the caller says so
    made.left_out += asked.by("", "")
    return made


def _unfolded(passages: Sequence[Passage]) -> Iterator[Passage]:
    """The passages, with only the last sentence of a paragraph as what leads to a list: the others stand for themselves."""
    led = {(passage.lead.text, passage.lead.places) for passage in passages if passage.lead}
    for passage in passages:
        if passage.lead:
            yield replace(passage, lead=passage.lead.since(_last_sentence(passage.lead.text)))
        elif passage.left_out == LEADS and (passage.text, passage.places) in led:
            before = passage.text[: _last_sentence(passage.text)].rstrip()
            if before:
                yield replace(passage, text=before, left_out="")
        else:
            yield passage


def _last_sentence(text: str) -> int:
    return max(start for start, _ in _sentences(text))


class _Asked:
    """The question that the next statement answers: one of the document, or what the heading stands for."""

    def __init__(self) -> None:
        self.heading: str | None = None
        self.question = ""
        self.place = ""  # "": a heading, which is nothing left out when nothing answers it

    def under(self, heading: str) -> None:
        if heading != self.heading:
            self.heading = heading
            if not self.place:
                self.question = _question_of(heading)

    def by(self, question: str, place: str) -> Iterator[LeftOut]:
        """A question of the document; the one before it, if nothing answered that, is left out. So is one too long."""
        if self.place:
            yield LeftOut(text=self.question, place=self.place, why="a question that no statement answers")
        self.question, self.place = question, place
        if len(question) > QUESTION_CHARS:
            self.question = self.place = ""
            why = f"a question of more than {QUESTION_CHARS} characters"
            yield LeftOut(text=question, place=place, why=why)

    def answered(self) -> str | None:
        """One statement a question: the reviewer spreads them."""
        question, self.question, self.place = self.question, "", ""
        return question or None


def _led_by(name: str, lead: Passage | None) -> tuple[str, str] | None:
    return (lead.text, _place(name, lead, 0, len(lead.text))) if lead else None


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


def _unfit(says: str) -> str:
    """Why a sentence is no statement, "" when it is one."""
    if _FURNITURE.search(says):
        return "it belongs to the page, not to what the firm says"
    if len(_WORD.findall(says)) < FEWEST_WORDS or len(says) < SHORTEST_CHARS:
        return (
            f"it has fewer than {FEWEST_WORDS} words or {SHORTEST_CHARS} characters: too short to stand alone"
        )
    if len(says) > LONGEST_CHARS:
        return f"it is longer than the {LONGEST_CHARS} characters a claim may have"
    if _UNFINISHED.search(says):
        return "it is not a whole sentence"
    return "braces mark slots in a claim" if "{" in says or "}" in says else ""


def _said(says: str, known: Mapping[str, list[frozenset[str]]]) -> str:
    same = _same(_words(says), known)
    return f"{same} says so already" if same else ""


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


def _place(name: str, passage: Passage, start: int, end: int) -> str:
    """Where a stretch of a passage stands in the document."""
    (line, column), (end_line, last) = passage.at(start), passage.at(max(start, end - 1))
    if passage.page is None:
        return f"{name}:{line}:{column}-{end_line}:{last + 1}"
    lines = f"line {line}" if line == end_line else f"lines {line}-{end_line}"
    return f"{name}, page {passage.page}, {lines}"


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
        parts += _comment(f'From {proposal.place}: "{proposal.quote}"')
        if proposal.led_by:
            parts += _comment('Led to by {1}: "{0}"'.format(*proposal.led_by))
        parts += _claim(name, proposal, frame)
        parts.append("")
    rest = list(left_out)
    if rest:
        parts.append("# Left out:")
        for item in rest:
            parts += _comment(f'{item.place}: {item.why}: "{shown(item.text)}"')
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
    led = f", led to by {proposal.led_by[1]}" if proposal.led_by else ""
    note = f" {proposal.note}" if proposal.note else ""
    yield f"  note: {_text(f'From {proposal.place}{led}.{note}')}"


def shown(text: str) -> str:
    """Words that are left out, as far as they help to find them."""
    return text if len(text) <= QUOTED_CHARS else f"{text[:QUOTED_CHARS]}..."


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
