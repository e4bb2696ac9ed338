"""language: only a language the persona has, and only the one that was decided for this reply."""

from __future__ import annotations

import unicodedata

from runtime.guardrails import Reply, block
from runtime.messages import Finding

NAME = "language"

_LATIN_LANGUAGES = frozenset(
    {
        "en",
        "cy",
        "pl",
        "ro",
        "fr",
        "de",
        "es",
        "it",
        "pt",
        "nl",
        "ga",
        "gd",
        "cs",
        "sk",
        "hu",
        "lt",
        "tr",
        "so",
        "vi",
    }
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks a reply in a language nobody approved, and own words in another script than the reply's."""
    spoken = {tag.split("-")[0] for tag in (*reply.bundle.persona.languages, reply.bundle.tenant.language)}
    found: list[Finding] = []
    if not reply.free_text and reply.language.split("-")[0] not in spoken:
        found.append(block(NAME, f"the persona does not speak {reply.language}"))
    if reply.language.split("-")[0] in _LATIN_LANGUAGES:
        for start, text in reply.own_words():
            at = next((i for i, c in enumerate(text) if c.isalpha() and not _latin(c)), None)
            if at is not None:
                found.append(block(NAME, "a letter of another script", start + at, start + at + 1))
    return tuple(found)


def _latin(c: str) -> bool:
    return c.isascii() or unicodedata.name(c, "").startswith("LATIN ")
