"""Checks on how a person's words are treated: secrets masked, nothing in the clear, pictures kept from models, pages escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drills.plays.log import Log
from runtime.web.pages import environment


def secret_masked(log: Log, *, secret: str) -> Iterator[str]:
    """A PIN or card number stands nowhere: not in what is kept, not in what the desk shows, not in a prompt."""
    kept = " ".join(said.text or "" for said in (log.conversation.said if log.conversation else ()))
    for where, text in (
        ("the desk", kept),
        ("the clear", log.clear),
        ("a prompt", " ".join(p.turn for p in log.prompts)),
    ):
        if secret in re.sub(r"[\s.-]", "", text):
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
    """The desk's templates show the person's words as words."""
    page = environment().from_string("{% for text in texts %}<p>{{ text }}</p>{% endfor %}")
    said = [said.text for said in (log.conversation.said if log.conversation else ()) if said.text]
    shown = page.render(texts=said)
    if re.search(r"<(?!/?p>)", shown):
        yield "markup of the person's would run on the desk's page"
    if log.written and log.written[-1] not in said:
        yield "the words were not kept as they were written"


CHECKS = (secret_masked, words_absent_in_clear, media_not_sent_to_model, inbox_renders_escaped)
