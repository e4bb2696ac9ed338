"""Tenant text shown on a code host or in a log is shown, and does nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from compiler.diagnostics.escape import markdown, visible, workflow_command, workflow_property

PIECES = [
    "@", "@team", "#", "#12", "GH-7", "deadbeefcafe", ":", "::", ":tada:", "::error file=x::", "##[error]", "https://", "www.",
    "a@b.example", "`", "```", "~~~", "*", "**", "_", "__", "~~", "|", "|---|", "[", "](", "](x)", "![", "<", "<b>", "</td>",
    "<!--", "&", "&lt;", "&#64;", "\\", "$", "$$", "-", "---", "===", "+ ", "1. ", "1) ", "# ", "> ", "    ", "\t", "\n", "\r\n",
    "\n\n",
    "\u2028", "\u202e", "\u200b", "\x00", "\x1b[31m", "\ud800", "%0A", "%", "x", "word", " ", "é", "7", "a7f",
]  # fmt: skip
text = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=12).map("".join)
page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Seen(HTMLParser):
    """Tags and text as a browser would have them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_comment(self, data: str) -> None:
        self.tags.append("comment")

    def handle_data(self, data: str) -> None:
        self.text += data


@given(text)
def test_markdown_gives_one_paragraph_of_plain_words(tenant: str) -> None:
    escaped = markdown(tenant)
    assert "\n" not in escaped
    assert set(Seen(page.render(escaped)).tags) <= {"p", "span"}
    assert set(Seen(page.render(f"a {escaped} b")).tags) <= {"p", "span"}


@given(text)
def test_markdown_breaks_no_table_and_no_block_of_html(tenant: str) -> None:
    row = Seen(page.render(f"| a | b |\n|---|---|\n| {markdown(tenant)} | end |\n"))
    assert row.tags.count("td") == row.tags.count("th") == 2
    block = Seen(page.render(f"<details><summary>{markdown(tenant)}</summary>\n\nend\n</details>"))
    assert set(block.tags) <= {"details", "summary", "p", "span"}


@given(text)
def test_markdown_leaves_a_code_host_nothing_to_act_on(tenant: str) -> None:
    escaped = markdown(tenant)
    shown = Seen(page.render(escaped)).text
    assert not re.search(r"@\w", shown)
    assert not re.search(r"#\d|\bgh-\d", shown, re.IGNORECASE)
    assert not re.search(r"(?<![0-9A-Za-z_])[0-9a-fA-F]{7,40}(?![0-9A-Za-z_])", shown)
    assert not re.search(r"://|\bwww\.", shown, re.IGNORECASE)
    assert not re.search(r":[\w+-]+:", shown)
    assert not re.search(r"^\s*::|##\[", escaped)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=30))
def test_markdown_shows_every_word_as_it_stands(tenant: str) -> None:
    assert Seen(page.render(markdown(tenant))).text.replace("\u200b", "").strip() == tenant


@given(text)
def test_a_workflow_command_is_one_line_and_takes_no_second_property(tenant: str) -> None:
    message, value = workflow_command(tenant), workflow_property(tenant)
    assert len(f"::error::{message}".splitlines()) == 1
    assert not set(value) & {":", ",", "\n", "\r"}
    assert re.sub("%(25|0A|3A|2C)", "", value).count("%") == 0
    value.encode("utf-8")


@pytest.mark.parametrize(
    ("tenant", "shown"),
    [
        ("a\u200bb\x07", "a<U+200B>b<U+0007>"),
        ("\u202eevil", "<U+202E>evil"),
        ("tab\tstays", "tab\tstays"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_spelt_out(tenant: str, shown: str) -> None:
    assert visible(tenant) == shown


def test_a_line_end_is_shown_as_one() -> None:
    assert markdown("a\r\nb\u2028c") == "a ↵ b ↵ c"
