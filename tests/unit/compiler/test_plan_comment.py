"""The comment on a pull request: read in ten seconds, whatever a tenant wrote, and never too long."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from compiler.pipeline import compile_tenant
from compiler.plan import plan
from compiler.plan.comment import MARKER, MOST_CHARS, comment
from compiler.plan.encode import decode, encode
from compiler.plan.groups import groups
from compiler.plan.text import text
from compiler.plan.whole import Plan, Problem, Side, TenantPlan, assemble, row_of
from schemas.bundle import canonical
from tests.compiling import TODAY, lay_out

HOSTILE = [
    "@octocat and @org/team",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "<!-- convo:plan:v1 --> <!-- x",
    "[a link](https://evil.example) ![pic](https://evil.example/x.png)",
    "https://evil.example www.evil.example mailto:a@b.example",
    "</details></table></td> | a | b |",
    "| --- | --- |",
    "```\ncode\n``` and `code` and ~~~",
    "::set-output name=x::y\n::error::z",
    "\u202eright to left\u202c zero\u200bwidth\u2066isolate",
    "# heading\n- item\n> quote\n1. one",
    "**bold** __bold__ *i* _i_ ~~gone~~",
    "#1 GH-1 owner/repo#1 0123456789abcdef0123456789abcdef01234567",
    "&amp; &lt;b&gt; &#64;octocat",
    "$x$ $$y$$ :tada:",
]
TAGS = {"h2", "h3", "ul", "li", "strong", "em", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "code",
        "del", "ins", "b", "hr", "sub", "blockquote", "span"}  # fmt: skip


class Page(HTMLParser):
    """The tags of a page, whether they nest, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.words: list[str] = []
        self.faults: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def page(markdown: str) -> Page:
    return Page(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("comment") / "tenants"
    lay_out(root)
    found: dict[str, Any] = json.loads(compile_tenant(root / "plain", TODAY).bundle)
    return found


def planned(before: dict[str, Any], after: dict[str, Any], problems: tuple[Problem, ...] = ()) -> Plan:
    changes = plan(canonical(before), canonical(after))
    rows = tuple(
        row_of("plain", change, uses=["claim PL-P01"], earlier=["Ada Example"]) for change in changes
    )
    tenant = TenantPlan(
        tenant="plain",
        state="changed",
        base_digest="sha256:" + "a" * 64,
        head_digest="sha256:" + "b" * 64,
        rows=rows,
    )
    return assemble(
        base=Side(name="main", commit="1" * 40),
        head=Side(name="HEAD", commit="2" * 40),
        today="2026-11-24",
        tenants=[tenant],
        owners={},
        problems=problems,
    )


def copy(document: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(document))
    return made


def claim(document: dict[str, Any], name: str, words: str) -> dict[str, Any]:
    made = copy(document["claims"][0])
    made.update(
        id=name, texts={"en-GB": {"full": words}}, approved=False, approvals=[], digest="sha256:" + "c" * 64
    )
    return made


def in_every_place(document: dict[str, Any], words: str) -> dict[str, Any]:
    """The words as a claim's text, a new claim, an id, a title, an address, a source and a value."""
    after = copy(document)
    after["claims"][0]["texts"]["en-GB"]["full"] = words
    after["claims"].append(claim(document, words, words))
    after["quick_replies"][0]["title"] = words
    after["links"][0]["url"] = words
    after["tenant"]["values"]["hours"] = words
    after["tenant"]["display_name"] = words
    after["handoff_words"].append(words)
    after["record"]["approvers"].append(
        {"name": words, "role": words, "key": words, "approves": [words], "login": words}
    )
    return after


@pytest.mark.parametrize("words", HOSTILE)
def test_nothing_a_tenant_writes_does_anything_but_be_read(document: dict[str, Any], words: str) -> None:
    fault = Problem(side="head", tenant=words, code="CV1001", message=words, file=words, line=1)
    told = comment(planned(document, in_every_place(document, words), (fault,)))
    shown = page(told)
    assert shown.tags <= TAGS
    assert shown.attributes <= {"open", "align", "style"}
    assert shown.faults == [] and shown.open == []
    assert told.count("<!--") == 1
    assert not re.search(r"@[a-z]", shown.text), "a mention"
    assert not re.search(r"^::", told, re.MULTILINE), "a workflow command"
    assert not any(re.search(r"://|www\.", node) for node in shown.words), "an address that turns into a link"
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", told)


def test_what_the_bot_says_comes_first(document: dict[str, Any]) -> None:
    after = copy(document)
    after["claims"].append(claim(document, "PL-F09", "We answer in two days."))
    after["policy"]["strikes"] = 9
    after["tenant"]["accent"]["light"] = "#123456"
    after["claims"][0]["texts"]["en-GB"]["full"] += " And more."
    shown = page(comment(planned(document, after))).text
    order = ["need somebody's approval", "may newly say", "We answer in two days.", "says differently", "Loosened",
             "strikes", "One by one", "Cosmetic", "base"]  # fmt: skip
    places = [shown.index(words) for words in order]
    assert places == sorted(places)


def headings(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    """Each heading with the properties that stand under it."""
    plan = planned(before, after)
    return {group.name: " ".join(row.change.what for _, row in group.rows) for group in groups(plan)}


def test_words_on_buttons_are_what_the_bot_says(document: dict[str, Any]) -> None:
    after = copy(document)
    after["quick_replies"][0]["title"] = "We guarantee a refund"
    asked = next(c for c in after["claims"] if c["options"])
    asked["options"][0] = "Certainly"
    asked["topic"] = "Your refund"
    found = headings(document, after)
    assert found.keys() == {"says differently", "affected"}
    assert sorted(found["says differently"].split()) == sorted(
        ["options", "Already", "removed", "options", "Certainly", "added", "topic", "title"]
    )


def test_a_long_text_is_read_whole_where_there_is_room(document: dict[str, Any]) -> None:
    words = " ".join(f"word{n}" for n in range(200))
    after = copy(document)
    after["claims"].append(claim(document, "PL-N1", words))
    told = comment(planned(document, after))
    assert "characters more" not in told.partition("One by one")[0]
    assert "word199" in told.partition("One by one")[0]


def test_questions_stand_under_what_the_bot_answers(document: dict[str, Any]) -> None:
    after = copy(document)
    after["quick_replies"][0]["questions"] = ["is your own service free"]
    next(c for c in after["claims"] if c["id"] == "PL-D01")["questions"] = ["are you a person"]
    found = headings(document, after)
    assert set(found) == {"answers"}
    assert "is your own service free" in found["answers"]
    assert "are you a person" in found["answers"]
    rows = planned(document, after).open
    assert rows, "nobody approved the questions"


def test_a_phrase_that_is_gone_is_no_longer_said(document: dict[str, Any]) -> None:
    after = copy(document)
    after["persona"]["phrases"] = ["A new one."]
    before = copy(document)
    before["persona"]["phrases"] = ["An old one."]
    assert headings(before, after) == {
        "newly says": "phrases A new one. added",
        "no longer says": "phrases An old one. removed",
    }


def test_a_wording_shows_what_is_gone_and_what_is_new(document: dict[str, Any]) -> None:
    after = copy(document)
    [held] = [held for held in after["claims"] if held["id"] == "PL-D01"]
    held["approved"] = False
    held["texts"]["en-GB"]["full"] = held["texts"]["en-GB"]["full"].replace("automated", "robotic")
    told = comment(planned(document, after))
    assert "<del>automated</del> <ins><b>robotic</b></ins>" in told
    assert "convo approve plain" in page(told).text
    assert "Ada Example" in page(told).text


def test_two_thousand_changed_claims_fit_and_the_comment_says_what_it_left_out(
    document: dict[str, Any],
) -> None:
    before, after = copy(document), copy(document)
    before["claims"] += [claim(document, f"PL-F{n}", f"Old words number {n}. " * 20) for n in range(2000)]
    after["claims"] += [claim(document, f"PL-F{n}", f"New words number {n}. " * 20) for n in range(2000)]
    after["tenant"]["accent"]["light"] = "#123456"
    told = comment(planned(before, after))
    assert len(told) <= MOST_CHARS < 65_000
    assert told.startswith(MARKER)
    shown = page(told)
    assert shown.faults == [] and shown.open == []
    assert "2,000 changes still need" in shown.text or "2000 changes still need" in shown.text
    left_out = shown.text[shown.text.index("Left out to fit") :]
    assert "cosmetic" in left_out and "one by one" in left_out
    assert "Cosmetic (1)" not in shown.text


def test_a_huge_text_is_cut_and_says_so(document: dict[str, Any]) -> None:
    after = copy(document)
    after["tenant"]["values"]["hours"] = "\U0001f600" * 70_000
    after["claims"].append(claim(document, "PL-F09", "word " * 50_000))
    told = comment(planned(document, after))
    assert len(told.encode("utf-16-le")) // 2 < 65_000
    assert "characters more" in told


def test_nothing_to_tell_is_one_line_and_a_foot(document: dict[str, Any]) -> None:
    told = comment(planned(document, document))
    assert "Nothing changes." in told
    assert "###" not in told


def test_the_text_for_a_terminal_hides_nothing(document: dict[str, Any]) -> None:
    told = text(planned(document, in_every_place(document, "a\u202eb\x1b[31m\nc")))
    assert "\u202e" not in told and "\x1b" not in told
    assert "<U+202E>" in told and "<U+001B>" in told


def test_a_saved_plan_says_the_same_again(document: dict[str, Any]) -> None:
    made = planned(document, in_every_place(document, "Other words."))
    saved = json.loads(json.dumps(encode(made, code=4)))
    assert saved["format"] == "convo.plan/v1"
    again = decode(saved)
    assert comment(again) == comment(made)
    assert encode(again, code=4) == saved
