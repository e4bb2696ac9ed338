"""What happens around the words: journeys, links, consent, hours, the send table, and when a person takes over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compiler.page.html import Html, el, items, rows
from compiler.page.picture import picture, spoken
from compiler.page.subject import Subject
from schemas.bundle import Category

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MODES = {
    "always_on": "always",
    "keyword_triggered": "when a message holds one of its words",
    "business_hours": "in its hours",
    "new_contacts_only": "to people who are new",
}
PRIORITIES = ("a person now", "today", "soon", "when there is time")


def journeys(subject: Subject) -> Html:
    held = subject.section("journeys")
    activation = held.get("activation", {})
    appointments, score = held.get("appointments", {}), held.get("lead_score", {})
    weights = sorted(score.get("weights", {}).items(), key=lambda pair: -pair[1])
    parts = [
        rows(
            [
                ("Answers", _activation(activation)),
                ("Words that wake it", ", ".join(activation.get("keywords", ()))),
                ("Appointments", _appointments(appointments)),
                (
                    "Order of follow-up",
                    ", ".join(f"{name.replace('_', ' ')} {points}" for name, points in weights)
                    if score.get("enabled")
                    else "no score is kept",
                ),
            ]
        )
    ]
    for flow in held.get("ask_flows", ()):
        parts += [el("h3", f"Step by step: {flow['id']}"), _steps(subject, flow["steps"])]
    for campaign in held.get("campaigns", ()):
        purpose = f"for people who agreed to {campaign['purpose'].replace('-', ' ')}"
        parts += [
            el("h3", f"A message we start: {campaign['id']}"),
            el("p", purpose, cls="soft"),
            _steps(subject, campaign["claims"]),
        ]
    if held.get("follow_ups"):
        after = [f"{f['campaign']} after {f['after_hours']} hours of quiet" for f in held["follow_ups"]]
        parts += [el("h3", "Follow-ups"), items(after)]
    if held.get("quick_replies"):
        parts += [el("h3", "Ready answers for people of the firm"), _quick(subject, held["quick_replies"])]
    return el("div", *parts)


def _activation(activation: Mapping[str, Any]) -> str:
    if activation.get("auto_reply") is False:
        return "never by itself: every message waits for a person"
    return MODES.get(str(activation.get("mode")), str(activation.get("mode", "")))


def _appointments(held: Mapping[str, Any]) -> str:
    if not held.get("enabled"):
        return "cannot be booked"
    return (
        f"{held['slot_minutes']} minutes, {held['notice_hours']} hours to {held['max_days_ahead']} days ahead"
    )


def _steps(subject: Subject, names: Sequence[str]) -> Html:
    return el(
        "ol",
        (el("li", subject.says(name), " ", el("small", subject.mention(name))) for name in names),
        cls="steps",
    )


def _quick(subject: Subject, replies: Sequence[Mapping[str, Any]]) -> Html:
    return rows((str(reply["title"]), items(map(subject.mention, reply["claims"]))) for reply in replies)


def links(subject: Subject) -> Html:
    parts: list[Html] = []
    for link in sorted(subject.bundle.links.values(), key=lambda link: link.id):
        answers = [
            el("span", subject.says(question), " “", answer, "” ", el("small", subject.mention(question)))
            for question, answer in link.answers.items()
        ]
        told = [
            el("span", subject.says(name), " ", el("small", subject.mention(name))) for name in link.requires
        ]
        parts += [
            el("h3", f"{link.id}"),
            el("p", el("code", link.url)),
            rows(
                [
                    ("Told first", items(told) if told else None),
                    ("Answered first", items(answers) if answers else None),
                    ("Given in", subject.mention(link.claim)),
                ]
            ),
        ]
    return el("div", *parts) if parts else el("p", "It gives no links.")


def consent(subject: Subject) -> Html:
    policy, held = subject.bundle.policy, subject.section("consent")
    quiet = ", ".join(DAYS[day - 1] for day in policy.quiet_weekdays)
    bases = [
        el(
            "li",
            f"{base['purpose'].replace('-', ' ')}: {base['basis'].replace('_', ' ')}, on {', '.join(base['channels'])}",
            el("br"),
            el("small", f"on record: {', '.join(e.replace('_', ' ') for e in base['evidence'])}"),
        )
        for base in held.get("bases", ())
    ]
    return el(
        "div",
        rows(
            [
                (
                    "Sends between",
                    f"{_time(policy.open_minute)} and {_time(policy.close_minute)} ({policy.timezone})",
                ),
                ("Quiet days", quiet),
                ("Quiet dates", f"{len(policy.quiet_dates)} bank holidays" if policy.quiet_dates else None),
                (
                    "Messages we start",
                    f"at most {policy.proactive_per_day} a day and {policy.proactive_per_30_days} in 30 days,"
                    f" {policy.min_gap_hours} hours apart",
                ),
                ("Stops for ever after", f"{policy.strikes} without an answer"),
                ("Consent counts for", f"{policy.consent_max_age_days} days"),
                ("Spends at most", f"£{policy.spend_pence_per_day / 100:,.2f} a day"),
            ]
        ),
        el("h3", "What starting a conversation rests on"),
        el("ul", *bases, cls="plain") if bases else el("p", "Nothing: it starts no conversations."),
    )


def _time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def sending(subject: Subject) -> Html:
    """The picture, in a frame that scrolls on a small screen, and the same in words."""
    rows_ = subject.bundle.send_table
    drawn = Html(picture(rows_, title=f"The send table of {subject.bundle.tenant.display_name}"))
    return el(
        "div",
        el(
            "p",
            "Looked up immediately before a message leaves. Each line is something that may be so; of the lines that"
            " are, the strictest decides.",
        ),
        el(
            "div",
            drawn,
            cls="wide",
            tabindex="0",
            role="group",
            aria_label="The send table; scrolls sideways",
        ),
        el("details", el("summary", "The same in words"), el("p", spoken(rows_))),
    )


def handoff(subject: Subject) -> Html:
    held = subject.bundle
    table = el(
        "table",
        el("thead", el("tr", (el("th", name, scope="col") for name in ("What is noticed", "What happens")))),
        el(
            "tbody",
            (el("tr", el("td", *_noticed(c)), el("td", *_happens(subject, c))) for c in held.categories),
        ),
    )
    return el(
        "div",
        rows(
            [
                ("Words that ask for a person", ", ".join(f"“{word}”" for word in held.handoff_words)),
                *((f"Goes to: {name.replace('_', ' ')}", to) for name, to in sorted(held.escalation.items())),
            ]
        ),
        el("h3", "Signals"),
        el("div", table, cls="wide", tabindex="0", role="group", aria_label="Signals; scrolls sideways"),
    )


def _noticed(category: Category) -> Iterator[Html]:
    yield el("strong", category.id.replace("_", " "))
    yield el("br")
    yield el("small", f"{PRIORITIES[category.priority]}; {len(category.patterns)} patterns")


def _happens(subject: Subject, category: Category) -> Iterator[Html | str]:
    done = [
        "the assistant stops" if category.stops_bot else "",
        f"nothing is started for {category.pause_days} days" if category.pause_days else "",
        "nothing is started until a person lifts it" if category.hold else "",
        "counts as an opt-out" if category.suppress else "",
        "whoever is on call is rung" if category.page else "",
        f"a case for a person: {category.case.replace('_', ' ')}" if category.case else "",
        f"within {category.sla_minutes} minutes" if category.sla_minutes else "",
    ]
    yield "; ".join(filter(None, done)) or "noted"
    if category.reply:
        yield el("br")
        yield el("small", "says: ", subject.mention(category.reply))
