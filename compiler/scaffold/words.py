"""What a new tenant is called and says: values for the templates, ids of its claims, a disclosure for every duty."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from compiler.scaffold.packs import ALL, Duty
from compiler.scaffold.template import FOLDER, filled, template
from compiler.scaffold.wanted import Wanted

# Which file a disclosure stands in, and what that file is about. A duty that is not here goes to OTHER.
FILES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "claims/who-we-are.yaml": (
        "Who is writing, and how to reach a person or stop. Said with the first words.",
        ("ai", "identity", "not-your-supplier", "stop", "human"),
    ),
    "claims/your-data.yaml": ("Where a person's details came from and what is kept.", ("privacy", "records")),
    "claims/what-i-cannot-say.yaml": ("Advice and amounts: what the bot does not do.", ("no-advice",)),
    "claims/free-routes.yaml": ("The free ways: always offered, never talked down.", ("free-route",)),
    "claims/questions.yaml": ("What must be asked before any link.", ("not-represented",)),
    "claims/fees.yaml": (
        "What the firm charges and how to end it. EXAMPLE wording: only the firm can supply the real one.",
        ("fee", "cancellation", "fee-risk"),
    ),
}
OTHER = ("claims/duties.yaml", "What the packs demand besides. EXAMPLE wording.")
TITLES = {
    "records": "What is kept",
    "no-advice": "What it cannot say",
    "free-route": "The free way",
    "fee": "What it costs",
    "cancellation": "Ending it",
    "fee-risk": "The risk",
}
ASKED = "asked_before_any_link"  # a question the link itself asks for, no answer to offer
WITH_STATEMENT = ("fee", "cancellation")
HEAD = (
    "# yaml-language-server: $schema=../../../schemas/tenant/claims.schema.json\n"
    "# $schema: ../../../schemas/tenant/claims.schema.json\n"
)
# Ofcom keeps 07700 900000 to 900999 for drama; the shipped tenants use 100 to 199.
FIRST_NUMBER, NUMBERS = 200, 800
REVIEW_AFTER = timedelta(days=90)


def values(
    wanted: Wanted, *, packs: Sequence[str], organisation: str, role: str, taken: frozenset[str]
) -> Mapping[str, str]:
    """What stands for each place in the templates of a tenant."""
    brand = wanted.slug.replace("-", " ").title()
    return {
        "slug": wanted.slug,
        "brand": brand,
        "name": brand.split()[-1],
        "organisation": organisation,
        "firm": json.dumps(
            wanted.firm or f"EXAMPLE {brand.upper()} LTD (example only)", ensure_ascii=False
        ),  # JSON is YAML
        "role": role,
        "packs": ", ".join(name for name in packs if name != ALL) or ALL,
        "domain": wanted.domain,
        "SECRET": wanted.slug.upper().replace("-", "_"),
        "P": _prefix(wanted.slug, taken),
        "today": f"{wanted.today}",
        "night": f"{wanted.today} 22:40",
        "review_by": f"{wanted.today + REVIEW_AFTER}",
    }


def claim_ids(prefix: str, duties: Iterable[Duty]) -> Mapping[str, str]:
    """An id for the disclosure of every duty."""
    return {duty.id: f"{prefix}-D{number:02}" for number, duty in enumerate(duties, 1)}


def disclosures(duties: Sequence[Duty], given: Mapping[str, str]) -> Mapping[str, str]:
    """The text of each file of disclosures, one claim a duty."""
    by_id = {duty.id: duty for duty in duties}
    files = {}
    known = {duty for _, members in FILES.values() for duty in members}
    rest = tuple(duty for duty in by_id if duty not in known)
    for name, (about, members) in {**FILES, OTHER[0]: (OTHER[1], rest)}.items():
        claims = [_disclosure(by_id[duty], given) for duty in members if duty in by_id]
        if claims:
            files[name] = f"{HEAD}# {about}\n\n" + "\n".join(claims)
    return files


def quick_replies(prefix: str, duties: Iterable[Duty], ids: Mapping[str, str], opening: Sequence[str]) -> str:
    """A button for the opening hours and for every duty that is not fulfilled with the first words."""
    entries = [("hours", "When we are open", f"{prefix}-P01")]
    entries += [
        (d.id, TITLES.get(d.id, d.id.replace("-", " ").capitalize()), ids[d.id])
        for d in duties
        if d.when not in opening and d.when != ASKED
    ]
    return "\n".join(
        f"  - id: {name}\n    title: {title}\n    claims: [{claim}]" for name, title, claim in entries
    )


def whatsapp(given: Mapping[str, str]) -> str:
    """A sandbox number, of those that belong to nobody."""
    at = int.from_bytes(hashlib.sha256(given["slug"].encode()).digest()[:4], "big") % NUMBERS
    return template("whatsapp.yaml", {**given, "number": f"+447700900{FIRST_NUMBER + at}"})


def _disclosure(duty: Duty, given: Mapping[str, str]) -> str:
    path = FOLDER / "duties" / f"{duty.id}.yaml"
    text = (path if path.exists() else FOLDER / "duties" / "other.yaml").read_text(encoding="utf-8")
    own = {
        "source": ", ".join(duty.sources),
        "this": given[duty.id],
        "duty": duty.id,
        "when": duty.when.removeprefix("asked_"),
        "says": duty.says,
    }
    return filled(_without_absent(text, given), {**given, **own})


def _without_absent(text: str, given: Mapping[str, str]) -> str:
    """`required_with` without the disclosures of duties that no pack of this tenant has."""

    def kept(line: re.Match[str]) -> str:
        names = re.findall(r"@@([a-z-]+)@@", line[0])
        there = ", ".join(f"@@{name}@@" for name in names if name in given)
        return f"  required_with: [{there}]\n" if there else ""

    return re.sub(r"^  required_with: .*\n", kept, text, flags=re.MULTILINE)


def _prefix(slug: str, taken: frozenset[str]) -> str:
    """Capital letters no pack uses: the initials of the words, or the first letters of a single one."""
    parts = slug.split("-")
    prefix = "".join(part[0] for part in parts) if len(parts) > 1 else slug[:3]
    prefix = prefix.upper()
    while prefix in taken:
        prefix += "X"
    return prefix
