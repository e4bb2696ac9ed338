"""approvals.yaml as it is written: by machine, one field a line, in stable order, the comments at its head kept. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compiler.approvals.lines import subject_of

FIELDS = (
    "claim",
    "script",
    "digest",
    "by",
    "role",
    "on",
    "expires",
    "ref",
    "author",
    "via",
    "login",
    "account",
    "key",
    "signature",
    "text",
)
BARE = frozenset(
    {"claim", "script", "digest", "role", "on", "expires", "via"}
)  # the schema leaves them no other reading
# Words no reader of YAML takes for anything else.
_PLAIN = re.compile(r"[A-Za-z]{2}[A-Za-z0-9._/-]*(?: [A-Za-z0-9(][A-Za-z0-9._()/-]*)+\Z")
HEAD = (
    "# yaml-language-server: $schema=../../schemas/tenant/approvals.schema.json\n"
    "# One signed line an approval, written by `convo approve`. Do not edit by hand.\n"
)


def rendered(head: str, lines: Iterable[Mapping[str, Any]]) -> str:
    """The file. Lines stand by claim, then script, then person, so that two people's changes seldom meet."""
    blocks = [_block(line) for line in sorted(lines, key=_order)]
    return f"{head or HEAD}\n" + ("\n".join(blocks) if blocks else "[]\n")


def head_of(text: str) -> str:
    """The comments at the head of a file, up to its first line of anything else."""
    kept = []
    for line in text.splitlines(keepends=True):
        if not line.startswith("#"):
            break
        kept.append(line)
    return "".join(kept)


def added(lines: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """All lines, each new one in place of its signer's earlier one for the same thing."""
    replaced = {(subject_of(line), line["by"]) for line in new}
    return [*(line for line in lines if (subject_of(line), line["by"]) not in replaced), *new]


def _order(line: Mapping[str, Any]) -> tuple[bool, str, str, str]:
    return ("script" in line, subject_of(line), line["role"], line["by"])


def _block(line: Mapping[str, Any]) -> str:
    rows = [
        f"{_key(field)}: {_scalar(field, line[field])}" for field in FIELDS if line.get(field) is not None
    ]
    return "".join(f"{'- ' if n == 0 else '  '}{row}\n" for n, row in enumerate(rows))


def _key(field: str) -> str:
    return '"on"' if field == "on" else field  # bare, YAML 1.1 reads it as true


def _scalar(field: str, value: str | int) -> str:
    if isinstance(value, int):
        return f"{value}"
    if field == "text":
        return "|-\n" + "\n".join(f"    {row}" for row in value.split("\n"))
    return value if field in BARE or _PLAIN.match(value) else json.dumps(value, ensure_ascii=False)
