"""docs/reference/rules.md, from schemas/law.json."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.law import ENFORCE, KINDS, LawRule, Means, rules

NAME = "rules.md"
HEAD = """# The rules

Written by `python -m docs.generate` from `schemas/law.json`; do not edit.

What the engine answers for: rules of law, of regulators and platforms, and policy of our own, each with what stands behind it in
the code. A test looks every name up (`tests/unit/test_law.py`), so a row cannot outlive the thing it names. Sources are those of
the packs' sources.yaml where a claim rests on them. This is a map of the code, not legal advice.

What a name can be:

"""


def page() -> str:
    """The whole page."""
    kinds = [f"- `{kind}`: {what}" for kind, what in KINDS.items()]
    enforced = [each for each in rules() if each.mode == ENFORCE]
    evidenced = [each for each in rules() if each.mode != ENFORCE]
    parts = [
        HEAD + "\n".join(kinds),
        f"## Enforced\n\n{len(enforced)} rules: code stands in the way.\n",
        "\n".join(_table(enforced)),
        f"## Evidenced\n\n{len(evidenced)} rules: what was done is recorded and can be shown.\n",
        "\n".join(_table(evidenced)),
        "## Where it falls short\n\nWhat the names above do not do yet.\n",
        "\n".join(f"- {each.id}: {each.falls_short}" for each in rules() if each.falls_short),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _table(rows: list[LawRule]) -> Iterator[str]:
    yield "| rule | area | packs | what it asks | by | source |"
    yield "|---|---|---|---|---|---|"
    for each in rows:
        cells = [
            each.id,
            each.area.replace("_", " "),
            ", ".join(each.packs),
            each.asks,
            ", ".join(_means(means) for means in each.by),
            ", ".join(each.source),
        ]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _means(means: Means) -> str:
    if means.kind == "rule":
        return f"`{means.name}`"
    return f"{means.kind} `{means.name}`"
