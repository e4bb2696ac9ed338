"""convo docs: a tenant as one page. Everything a reader needs is on it, and tenant text can do nothing there."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from compiler.load import load
from compiler.page import Subject, page, picture
from compiler.page.html import el, link
from compiler.pipeline import check
from schemas.bundle import Approval, Bundle
from schemas.sendtable import CLASSES, STATES
from tests.compiling import TODAY

TENANTS = Path(schemas.__file__).parent.parent / "tenants"


def subject_of(slug: str) -> Subject:
    compiled = check(TENANTS, today=TODAY, only=[slug]).tenants[slug]
    assert compiled is not None
    tree = load(TENANTS)
    return Subject(
        bundle=Bundle.decode(compiled.bundle),
        sections={f.kind: f.data for f in tree.tenants[slug].files if isinstance(f.data, dict)},
        sources={s["id"]: s for folder in tree.folders() for f in folder.of("sources") for s in f.data},
        today=f"{TODAY}",
    )


DAVE = subject_of("dynamo-dave")


class Reader(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


READ = Reader(page(DAVE))
STATEMENTS = len(DAVE.bundle.claims)


def test_every_statement_stands_on_it_with_its_wording_and_its_sources() -> None:
    anchors = {attributes.get("id") for _, attributes in READ.elements}
    for claim in DAVE.bundle.claims.values():
        assert claim.id in anchors
        plain = [text for text in claim.texts["en-GB"].values() if "{" not in text]
        assert all(text in READ.words for text in plain)
        assert all(str(DAVE.sources[name]["title"]) in READ.words for name in claim.sources)
    for entry in DAVE.bundle.prohibited:
        assert entry.says in READ.words


def test_it_shows_who_speaks_journeys_links_consent_signals_and_the_send_table() -> None:
    for words in (
        "Dave (automated assistant)",
        "09:00 and 20:00 (Europe/London)",
        "Told first",
        "data rights",
        "STOP",
    ):
        assert words in READ.words
    assert len(READ.of("svg")) == 1
    assert all(state.rule in READ.words for state in STATES)
    assert f"{STATEMENTS} of {STATEMENTS} statements are not approved" in READ.words


def test_it_loads_nothing_runs_nothing_and_its_links_lead_somewhere() -> None:
    assert not {"script", "img", "link", "iframe", "form", "object", "base"} & {
        tag for tag, _ in READ.elements
    }
    assert "default-src 'none'" in str(READ.of("meta"))
    ids = [attributes["id"] for _, attributes in READ.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for attributes in READ.of("a"):
        target = attributes["href"] or ""
        assert target.startswith("https://") or target.removeprefix("#") in ids, target


def test_an_approved_statement_says_who_approved_it_when_and_until_when() -> None:
    approval = Approval(
        by="Ada Example", role="solicitor", on="2026-11-01", expires="2027-06-01", ref="pull 7"
    )
    claims = {
        name: replace(claim, approved=True, approvals=(approval,))
        for name, claim in DAVE.bundle.claims.items()
    }
    read = Reader(page(replace(DAVE, bundle=replace(DAVE.bundle, claims=claims, unapproved=False))))
    assert "Ada Example, solicitor, on 2026-11-01, until 2027-06-01 (pull 7)" in read.words
    assert f"All {STATEMENTS} statements are approved." in read.words
    assert "not approved" not in read.words


def hostile(value: Any, attack: str) -> Any:
    """Every text of a value replaced."""
    match value:
        case str():
            return attack
        case dict():
            return {key: hostile(item, attack) for key, item in value.items()}
        case list() | tuple():
            return [hostile(item, attack) for item in value]
        case _:
            return value


ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><svg onload=alert(1)>",
    "javascript:alert(1)",
    'https://example.com/"onmouseover=alert(1)',
    "a\u202egnp.exe\u200b",
    "&lt;b&gt; &amp; ]]>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_tenant_text_is_shown_and_does_nothing(attack: str) -> None:
    claim = next(iter(DAVE.bundle.claims.values()))
    texts = {"en-GB": {"full": attack, "short": attack}, "cy": {"full": attack}}
    held = replace(
        DAVE.bundle,
        claims={
            claim.id: replace(claim, texts=texts, questions=(attack,), never_say=(attack,), options=(attack,))
        },
        tenant=replace(
            DAVE.bundle.tenant, display_name=attack, legal_entity=attack, values={"privacy_url": attack}
        ),
        escalation={"desk": attack},
        handoff_words=(attack,),
    )
    sources = {name: {"title": attack, "url": attack, "date": attack} for name in DAVE.sources}
    tenant = {"approvers": [{"name": attack, "role": attack}], "business": {"industry": attack}}
    subject = replace(DAVE, bundle=held, sources=sources, sections={**DAVE.sections, "tenant": tenant})
    html = page(subject)
    read = Reader(html)
    assert {tag for tag, _ in read.elements} <= {tag for tag, _ in READ.elements} | {"ul"}
    for _, attributes in read.elements:
        assert not any(name.startswith("on") for name in attributes)
        assert not (attributes.get("href") or "#").startswith("javascript")
    assert "\u202e" not in html
    assert "\u200b" not in html


@given(words=st.text())
def test_any_text_comes_back_from_an_element_as_text(words: str) -> None:
    read = Reader(el("p", words, title=words))
    assert [tag for tag, _ in read.elements if tag != "br"] == ["p"]


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://example.com/a?b=c", True),
        ("http://example.com", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://ex\u0430mple.com", False),
        ("https://[", False),
    ],
)
def test_only_a_plain_https_address_becomes_a_link(url: str, leads: bool) -> None:
    assert bool(Reader(link(url)).of("a")) is leads


def test_the_picture_says_in_words_what_it_shows() -> None:
    drawn = picture(DAVE.bundle.send_table, title="A <title>")
    read = Reader(drawn)
    assert read.of("svg")[0]["role"] == "img"
    assert "A <title>" in read.words
    assert all(name in read.words for name in CLASSES)
    for state in STATES:
        assert f"{state.title}: safety:" in read.words
    assert "prefers-color-scheme:dark" in drawn
    assert "<script" not in drawn


def test_a_missing_row_is_drawn_as_refused() -> None:
    rows = [row for row in DAVE.bundle.send_table if (row.state, row.send_class) != ("hold", "reply")]
    assert (
        "on hold: safety: goes; confirmation: goes; reply: refused;" in Reader(picture(rows, title="x")).words
    )
