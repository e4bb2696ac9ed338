"""The claims-register as text: every statement with what it rests on and who approved it, and every wording that is banned."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.page.html import Html, el, items, link, rows
from compiler.page.subject import FULL, Subject
from schemas.bundle import Approval, Claim

KINDS = {
    "disclosure": "Disclosures",
    "fact": "Facts",
    "process": "How things are done",
    "question": "Questions it asks",
    "signpost": "Where else help is",
    "line": "Fixed lines",
}
WHEN = {
    "on_question": "when somebody asks",
    "opening": "with the first words",
    "opening_and_proactive": "with the first words and in messages we start",
    "proactive": "in messages we start",
    "before_any_link": "before any link",
    "with_link": "with a link",
    "before_any_fee": "before any fee",
    "with_fee": "with a fee",
    "on_amount_or_eligibility": "when somebody asks for an amount or whether they qualify",
    "on_signal": "when a person shows they need it",
    "in_flow": "on the way through a journey",
}
VARIANTS = {"short": "Shorter", "answer": "As an answer"}


def claims(subject: Subject) -> Html:
    """Every statement, by kind, then by id."""
    everything = sorted(subject.bundle.claims.values(), key=lambda claim: claim.id)
    groups: list[Html] = []
    for kind, name in KINDS.items():
        group = [claim for claim in everything if claim.kind == kind]
        if group:
            groups += [el("h3", f"{name} ({len(group)})"), *(_claim(subject, claim) for claim in group)]
    return el("div", *groups)


def never(subject: Subject) -> Html:
    """Banned wording, and the wrong ways to say what a claim says."""
    banned = [
        el(
            "li",
            el("strong", entry.says),
            el("br"),
            el("small", el("code", entry.id), *_allowed(subject, entry.allow)),
            el(
                "details",
                el("summary", "The patterns that find it"),
                el("div", (el("code", p) for p in entry.match), cls="patterns"),
            ),
        )
        for entry in subject.bundle.prohibited
    ]
    wrong = [
        el("li", ", ".join(f"“{words}”" for words in claim.never_say), " ", subject.mention(claim.id))
        for claim in sorted(subject.bundle.claims.values(), key=lambda claim: claim.id)
        if claim.never_say
    ]
    return el(
        "div",
        el("ul", *banned, cls="plain"),
        el("h3", "Wrong ways to say what a statement says"),
        el("ul", *wrong, cls="plain"),
    )


def _claim(subject: Subject, claim: Claim) -> Html:
    words = [
        el(
            "header",
            el("code", claim.id),
            el("span", "approved", cls="tag ok")
            if claim.approved
            else el("span", "not approved", cls="tag hold"),
        ),
        el("p", subject.wording(claim, FULL), cls="says"),
        *_others(subject, claim),
        *_questions(claim),
    ]
    return el(
        "article",
        el("div", *words),
        rows(_facts(subject, claim)),
        cls="claim" if claim.approved else "claim unapproved",
        id=claim.id,
    )


def _others(subject: Subject, claim: Claim) -> Iterator[Html]:
    own = claim.texts.get(subject.bundle.tenant.language, {})
    for variant, name in VARIANTS.items():
        if variant in own:
            yield el("p", el("small", name), el("br"), subject.wording(claim, variant), cls="other")
    for language, texts in sorted(claim.texts.items()):
        if language != subject.bundle.tenant.language:
            for variant, words in sorted(texts.items()):
                label = f"{language}, {VARIANTS.get(variant, 'in full').lower()}"
                yield el("p", el("small", label), el("br"), words, cls="other", lang=language)
    if claim.options:
        yield el("p", el("small", "Offered answers"), el("br"), " / ".join(claim.options), cls="other")


def _questions(claim: Claim) -> Iterator[Html]:
    if claim.questions:
        yield el(
            "details",
            el("summary", f"Answers {len(claim.questions)} questions, such as “{claim.questions[0]}”"),
            items(claim.questions),
        )


def _facts(subject: Subject, claim: Claim) -> list[tuple[str, Html | str | None]]:
    return [
        ("Approved", items(map(_approval, claim.approvals)) if claim.approvals else "by nobody yet"),
        ("Said", WHEN.get(claim.when, claim.when.replace("_", " "))),
        ("Always with", items(map(subject.mention, claim.required_with)) if claim.required_with else None),
        ("Rests on", items(_source(subject, name) for name in claim.sources)),
        ("From", claim.effective),
        ("Not after", claim.expires),
        ("Checked by", _review(subject, claim)),
        ("Only on", ", ".join(claim.channels)),
        ("Only for", ", ".join(name.replace("_", " ") for name in claim.audience)),
        ("Stands in", el("code", f"{claim.file}:{claim.line}")),
    ]


def _review(subject: Subject, claim: Claim) -> Html | str | None:
    if claim.review_by and claim.review_by < subject.today:
        return el("span", claim.review_by, " ", el("span", "overdue", cls="tag danger"))
    return claim.review_by


def _approval(approval: Approval) -> str:
    until = f", until {approval.expires}" if approval.expires else ""
    return f"{approval.by}, {approval.role.replace('_', ' ')}, on {approval.on}{until} ({approval.ref})"


def _source(subject: Subject, name: str) -> Html:
    source = subject.sources.get(name, {})
    title = str(source.get("title", name))
    words = link(str(source["url"]), title) if "url" in source else el("span", title)
    return el("span", words, *([el("small", f", {source['date']}")] if "date" in source else []))


def _allowed(subject: Subject, names: tuple[str, ...]) -> Iterator[Html | str]:
    if names:
        yield "; allowed in "
        for index, name in enumerate(names):
            yield from (", ",) if index else ()
            yield subject.mention(name)
