"""Who speaks: the head of the page, the persona, the first words, and who answers for all of it."""

from __future__ import annotations

from compiler.page.html import Html, el, items, link, rows
from compiler.page.subject import Subject


def head(subject: Subject) -> list[Html]:
    """The title, and in one sentence where this tenant stands."""
    tenant = subject.bundle.tenant
    spoken = list(subject.bundle.claims.values())
    missing = sum(not claim.approved for claim in spoken)
    if missing:
        state = el(
            "p",
            el("strong", f"{missing} of {len(spoken)} statements are not approved. "),
            "Until they are, this assistant talks in the sandbox only.",
            cls="notice hold",
        )
    else:
        state = el("p", el("strong", f"All {len(spoken)} statements are approved."), cls="notice ok")
    example = el(
        "p",
        "Its details still say EXAMPLE: it is no real firm, and cannot leave the sandbox.",
        cls="notice hold",
    )
    return [
        el("h1", tenant.display_name),
        el("p", f"What it says, what it never says, and when. As of {subject.today}.", cls="soft"),
        state,
        *([example] if tenant.example else []),
    ]


def speaks(subject: Subject) -> Html:
    tenant, persona = subject.bundle.tenant, subject.bundle.persona
    files, voice = subject.section("tenant"), subject.section("persona").get("voice", {})
    business = files.get("business", {})
    return rows(
        [
            ("Name", persona.display_name),
            ("For", tenant.legal_entity),
            ("Business", business.get("industry")),
            ("About the firm", business.get("description")),
            ("Regulator", tenant.values.get("regulatory_status_line")),
            ("Address", tenant.values.get("address")),
            ("Privacy notice", link(tenant.values.get("privacy_url", ""))),
            ("Complaints to", tenant.values.get("complaints_email")),
            ("People answer", tenant.hours_text),
            ("Talks about", persona.topic),
            ("Languages", ", ".join(persona.languages)),
            ("Sounds", ", ".join(voice.get("tone", ()))),
            ("Never", ", ".join(voice.get("never", ()))),
            ("Length", f"at most {persona.max_chars} characters beyond what must be said"),
            ("Rules it takes", ", ".join(tenant.packs)),
        ]
    )


def opening(subject: Subject) -> Html:
    """The first words as a person gets them."""
    steps = [
        el("li", el("div", subject.says(name), cls="bubble"), el("small", subject.mention(name)))
        for name in subject.bundle.persona.opening
    ]
    return el("ol", *steps, cls="steps")


def scripts(subject: Subject) -> Html:
    """The persona and every message and ready answer, by whom approved; a solicitor and a compliance person must both."""
    return rows([(name, _approved(subject, name)) for name in sorted(subject.scripts)])


def _approved(subject: Subject, name: str) -> Html:
    lacking = [office.replace("_", " ") for office in subject.lacking.get(name, ())]
    held = [
        f"{line['by']}, {line['role'].replace('_', ' ')}, on {line['on']}, until {line['expires']} ({line['ref']})"
        for line in subject.scripts[name]
    ]
    missing = [el("span", f"not approved by: {', '.join(lacking)}", cls="tag hold")] if lacking else []
    return el("div", *([items(held)] if held else []), *missing)


def records(subject: Subject) -> Html:
    kept = subject.bundle.tenant.retention_days
    approvers = subject.section("tenant").get("approvers", ())
    people = [_approver(person) for person in approvers] or [
        el("span", "Nobody is enrolled yet.", cls="tag hold")
    ]
    return rows(
        [
            ("May approve", items(people)),
            *((f"Kept: {name.replace('_', ' ')}", f"{days:,} days") for name, days in sorted(kept.items())),
        ]
    )


def _approver(person: object) -> str:
    held = person if isinstance(person, dict) else {}
    what = ", ".join(held.get("approves", ()))
    return (
        f"{held.get('name', '')}, {str(held.get('role', '')).replace('_', ' ')}{f': {what}' if what else ''}"
    )


def foot(subject: Subject) -> list[Html]:
    return [
        el("p", "Made from the tenant's files; bundle ", el("code", subject.bundle.digest), ".", cls="soft"),
        el(
            "p",
            "Underlined with dashes: values filled in when a message is written. Nothing outside the statements above"
            " may be stated as a fact.",
            cls="soft",
        ),
    ]
