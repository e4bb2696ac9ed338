"""Checks on how a person's words are treated: secrets masked, nothing in the clear, pictures kept from models, pages escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

from drills.plays.log import Log

# Ids, digests, ciphers, clocks and counts that a machine made: four digits stand in one of them by chance.
_MADE_UP = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[0-9a-f]*[a-f])[0-9a-f]{16,}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?|(?<=\": )\d+(\.\d+)?(?=[,}])"
)


def secret_masked(log: Log, *, secret: str) -> Iterator[str]:
    """A PIN or card number stands nowhere: not in what is kept, not in what the desk shows, not in a prompt."""
    kept = " ".join(said.text or "" for said in (log.conversation.said if log.conversation else ()))
    for where, text in (
        ("the desk", kept),
        ("the clear", log.clear),
        ("a prompt", " ".join(p.turn for p in log.prompts)),
    ):
        if secret in re.sub(r"[\s.-]", "", _MADE_UP.sub("|", text)):
            yield f"it stands in {where}"


def words_absent_in_clear(log: Log, *, words: Sequence[str]) -> Iterator[str]:
    """What alerts, digests and analytics are made of holds none of the person's words."""
    clear = log.clear.casefold()
    for word in words:
        if word.casefold() in clear:
            yield f"`{word}` stands in the clear"


def media_not_sent_to_model(log: Log) -> Iterator[str]:
    if any(prompt.pictures for prompt in log.prompts):
        yield "a picture was shown to a model"
    kinds = [said.kind for said in (log.conversation.said if log.conversation else ())]
    if not set(kinds) & {"image", "audio"}:
        yield "the message with it was not kept"


def inbox_renders_escaped(log: Log) -> Iterator[str]:
    """On the desk's own page of the conversation the person's words stand as words: as written, and no part of the page."""
    page = _Page(log.page)
    for text in log.written:
        if text not in page.bubbles:
            yield f"the desk does not show `{text[:60]}` as it was written"
        for tag in _Page(text).tags:
            if tag in page.tags:
                yield f"markup of the person's is part of the desk's page: {tag[0]}"
    for name in sorted(
        {name for _, attributes in page.tags for name, _ in attributes if name.startswith("on")}
    ):
        yield f"something runs on the desk's page: {name}"


def contact_not_scored(log: Log) -> Iterator[str]:
    """Nobody is ranked by what they tell us: no column that grades people holds anything about this person."""
    for column in log.scored:
        yield f"{column} grades this person"


class _Page(HTMLParser):
    """A page as a browser would read it: its tags with their attributes, and the words in its bubbles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.bubbles: list[str] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        self._inside = ("class", "bubble") in attrs
        if self._inside:
            self.bubbles.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.bubbles[-1] += data


CHECKS = (
    secret_masked, words_absent_in_clear, media_not_sent_to_model, inbox_renders_escaped, contact_not_scored,
)  # fmt: skip
