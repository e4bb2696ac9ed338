"""A tenant as one page for people who will not read YAML, and its send table as a picture. Pure.

The page is one HTML file: no script, nothing loaded, light and dark, and it prints. Tenant text is hostile: all of it is
escaped, hidden characters are spelt out, and only plain https addresses become links.
"""

from __future__ import annotations

from compiler.page import conduct, register, who
from compiler.page.html import Html, el, items
from compiler.page.picture import picture
from compiler.page.style import STYLE
from compiler.page.subject import Subject

__all__ = ["Subject", "page", "picture"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(subject: Subject) -> str:
    """The whole page of one tenant."""
    parts = [
        ("who", "Who speaks", who.speaks(subject)),
        ("opening", "How a conversation opens", who.opening(subject)),
        ("claims", "What may be said", register.claims(subject)),
        ("never", "What is never said", register.never(subject)),
        ("journeys", "Journeys", conduct.journeys(subject)),
        ("scripts", "Who approved the scripts", who.scripts(subject)),
        ("links", "Links, and what comes before them", conduct.links(subject)),
        ("consent", "Consent and hours", conduct.consent(subject)),
        ("sending", "When a message goes", conduct.sending(subject)),
        ("handoff", "When a person takes over", conduct.handoff(subject)),
        ("records", "Records and approvers", who.records(subject)),
    ]
    title = f"{subject.bundle.tenant.display_name}: what it says and when"
    head = el(
        "head",
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Html('<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'),
        el("title", title),
        Html(f"<style>{STYLE}</style>"),
    )
    contents = el(
        "nav",
        items(el("a", name, href=f"#{key}") for key, name, _ in parts),
        aria_label="On this page",
    )
    body = el(
        "body",
        el("a", "Skip to the text", cls="skip", href="#text"),
        el("header", who.head(subject), cls="top"),
        contents,
        el("main", (el("section", el("h2", name), inner, id=key) for key, name, inner in parts), id="text"),
        el("footer", who.foot(subject)),
    )
    return f"<!doctype html>\n{el('html', head, body, lang=subject.bundle.tenant.language)}\n"
