"""A text names a web or mail address outside the tenant's destinations.

Every address a customer can see is one somebody checked: the domains of destinations.yaml and of the packs. Any other in a
claim, a value, a phrase or a link is a typing slip or somebody else's site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Span
from compiler.diagnostics.suggest import did_you_mean
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.once import of_text

CODE = Code(
    code="CV5006",
    name="foreign-address",
    summary="an address outside the tenant's destinations",
    explanation=__doc__,
    bad="says: See examp1e.com.   # domains: [example.com]",
    good="says: See example.com.",
)
NEEDS = frozenset({"destinations", "pack"})

# Anything with a dot between words: a missing space after a full stop is found too, and is a fault as well.
_HOST = re.compile(
    r"(?:https?://|@)([^\s/:?#@]+)|(?<![\w@])((?:[^\W_][\w-]*\.)+[^\W\d_]{2,})(?!\w)", re.IGNORECASE
)
_SLOT = re.compile(r"\{[^{}]*\}")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    allowed = set(source.sections["destinations"]["domains"]) if "destinations" in source.sections else set()
    for pack in source.packs:
        allowed |= set(pack.sections["pack"]["domains"]) if "pack" in pack.sections else set()
    for text, span in _texts(source):
        for host in _hosts(text):
            if not any(host == domain or host.endswith("." + domain) for domain in allowed):
                message = f"`{host}` is not among the domains of destinations.yaml"
                yield CODE.at(
                    span, message, help=did_you_mean(host, allowed) or "add it to `domains` once checked"
                )


@of_text
def _hosts(text: str) -> tuple[str, ...]:
    named = [found[1] or found[2] for found in _HOST.finditer(_SLOT.sub(" ", text))]
    return tuple(name.lower().rstrip(".,;)").removeprefix("www.") for name in named)


def _texts(source: Source) -> Iterator[tuple[str, Span]]:
    for claim in source.spoken():
        yield from wording.of_claim(claim)
    yield from wording.of_tenant(source)
    yield from wording.values(source)
