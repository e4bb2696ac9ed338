"""The manual pages of the codes: what `convo explain` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence

from compiler.diagnostics import Code
from compiler.diagnostics.suggest import did_you_mean
from compiler.rules import CODES


def explain(code: str) -> str:
    """A code's manual page; its number in any case, or its name. Raises KeyError for an unknown one."""
    page = code_of(code)
    return "\n".join([
        f"{page.code} {page.name} ({page.severity})",
        "",
        page.explanation.strip(),
        "",
        "Wrong:",
        _indent(page.bad),
        "",
        "Right:",
        _indent(page.good),
        "",
    ])  # fmt: skip


def code_of(word: str) -> Code:
    """`CV5012`, `cv5012`, `5012` or `missing-disclosure`. Raises KeyError, with what was probably meant."""
    wanted = word.strip()
    by_name = {page.name: page for page in CODES.values()}
    for key in (wanted.upper(), f"CV{wanted}"):
        if key in CODES:
            return CODES[key]
    if wanted.lower() in by_name:
        return by_name[wanted.lower()]
    hint = did_you_mean(wanted.upper(), CODES) if wanted[:2].upper() == "CV" else None
    raise KeyError(hint or did_you_mean(wanted.lower(), by_name) or "`convo explain` lists every code")


def index() -> str:
    """Every code, a line each."""
    width = max(len(page.name) for page in CODES.values())
    return "".join(
        f"{page.code}  {page.name:<{width}}  {page.severity:<7}  {page.summary}\n" for page in _sorted()
    )


def codes_as_json(codes: Sequence[Code] = ()) -> str:
    """Some codes, or all: `"format": "convo.codes/v1"`."""
    fields = ("code", "name", "severity", "summary", "explanation", "bad", "good")
    pages = [{field: getattr(page, field) for field in fields} for page in codes or _sorted()]
    return json.dumps({"format": "convo.codes/v1", "codes": pages}, indent=2, ensure_ascii=False) + "\n"


def _sorted() -> list[Code]:
    return sorted(CODES.values(), key=lambda page: page.code)


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
