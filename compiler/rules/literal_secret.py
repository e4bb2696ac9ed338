"""A secret's value stands in a file.

Tenants' files are read by everybody who reviews them and stay in the history for ever. A secret is a reference:
`secret:NAME` (kept encrypted in the database, set with `convo secret set`), `env:NAME` or `file:/path`. The schema asks for
one where a secret belongs; this rule finds keys that slipped in anywhere else. A found key must be treated as leaked:
withdraw it at its provider.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

from compiler.diagnostics import Code, Diagnostic, Span
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.once import of_text
from compiler.source.tree import Map, Seq

CODE = Code(
    code="CV5007",
    name="literal-secret",
    summary="a secret's value in a file instead of a reference",
    explanation=__doc__,
    bad="permission: sk-EXAMPLE0000000000000000000000",
    good="api: secret:DAVE_WA_API",
)
NEEDS = frozenset[str]()

_SECRET = re2.compile(
    r"\b(?:sk|pk|rk|re)[-_](?:live[-_]|test[-_]|proj[-_])?[A-Za-z0-9_]{20,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bwhsec_[A-Za-z0-9+/=]{16,}"
    r"|\bEAA[A-Za-z0-9]{40,}|-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\."
    r"|://[^/\s:@]+:[^/\s@]+@"
)


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    for parsed in [f for folder in (source.folder, *(p.folder for p in source.packs)) for f in folder.files]:
        if _suspicious(parsed.text):
            for text, span in _texts(parsed.data, Span(file=parsed.file)):
                if _SECRET.search(text):
                    help_ = "write a reference (`secret:NAME`), and withdraw the key: it has been seen"
                    yield CODE.at(span, "this looks like the value of a secret", help=help_)


@of_text
def _suspicious(text: str) -> bool:
    return _SECRET.search(text) is not None


def _texts(data: Any, span: Span) -> Iterator[tuple[str, Span]]:
    match data:
        case str():
            yield data, span
        case Map():
            for key, value in data.items():
                yield from _texts(value, data.value(key))
        case Seq():
            for index, value in enumerate(data):
                yield from _texts(value, data.item(index))
        case _:
            pass
