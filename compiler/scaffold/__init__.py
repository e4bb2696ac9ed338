"""`convo init`: a tenant's folder that compiles, and what a repository of tenants needs around it. Decides; `write` does.

Nothing that exists is ever overwritten. The one file that may change is the organisation's: a tenant it does not list
would not compile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics.suggest import did_you_mean
from compiler.scaffold import around, words
from compiler.scaffold.packs import ALL, Duty, PackGone, duties_of, pack_folder, pack_names, prefixes_in
from compiler.scaffold.template import laid_out, template
from compiler.scaffold.wanted import Refused, Wanted

__all__ = ["Planned", "Refused", "Wanted", "plan", "write"]

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\Z")
LONGEST_FIRM = 120  # characters, as the schema has it
LONGEST_SLUG = 40  # characters; ids of connections are made of it
ROLES = {"fca_cmc": "claims_management_company", "sra_firm": "law_firm"}
OPENING = ("opening", "opening_and_proactive")
WHATSAPP = "whatsapp"
APART = ({"energy", "fca_cmc"},)  # what one lets a bot say, the other prohibits
TENANT_FILES = (
    "tenant.yaml",
    "persona.yaml",
    "consent.yaml",
    "caps.yaml",
    "destinations.yaml",
    "channels.yaml",
    "guardrails.yaml",
    "journeys.yaml",
    "approvals.yaml",
    "golive.yaml",
    "waivers.yaml",
    "sources.yaml",
    "claims/help.yaml",
    "drills/attacks.yaml",
    "documents/not-used.md",
)
FEE_STATEMENT = "documents/fee-statement.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What will be written: text by path relative to the root, which of them exist already, and what is left to do by hand."""

    files: Mapping[str, str]
    changed: tuple[str, ...]
    notes: tuple[str, ...]


def plan(root: Path, wanted: Wanted) -> Planned:
    """Everything `init` would write under `root`. Reads, and writes nothing. Raises Refused."""
    _checked(wanted.slug, "a tenant's name")
    if wanted.organisation is not None:
        _checked(wanted.organisation, "an organisation's name")
    if not DOMAIN.match(wanted.domain):
        raise Refused(f"`{wanted.domain}` is no domain: write it as in an address, without https://")
    if wanted.firm is not None and not (
        wanted.firm.isprintable() and 0 < len(wanted.firm.strip()) <= LONGEST_FIRM
    ):
        raise Refused(f"the firm's name must be one line of at most {LONGEST_FIRM} characters")
    tenants = root / "tenants"
    if (tenants / wanted.slug).exists():
        raise Refused(f"tenants/{wanted.slug} exists already, and init never overwrites")
    try:
        packs = _packs(tenants, wanted.packs)
        duties = list(duties_of([pack_folder(tenants, name) for name in packs]))
        taken = prefixes_in([pack_folder(tenants, name) for name in packs])
    except PackGone as error:
        raise Refused(str(error)) from None
    organisation = around.organisation(tenants, wanted.slug, wanted.organisation)
    values = words.values(wanted, packs=packs, organisation=organisation.slug, role=_role(packs), taken=taken)
    files = dict(_tenant(wanted, values, packs, duties))
    files |= organisation.files
    files |= around.packs(tenants, packs)
    notes: list[str] = []
    if wanted.repository:
        more, notes = around.repository(root)
        files |= more
    changed = tuple(path for path in sorted(files) if (root / path).exists())
    return Planned(files=dict(sorted(files.items())), changed=changed, notes=tuple(notes))


def write(root: Path, planned: Planned) -> None:
    """Writes what was planned. Raises OSError."""
    for name, text in planned.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def suggested(name: str) -> str:
    """The nearest name a tenant may have, or "" when nothing of it is left."""
    slug = "-".join(re.findall("[a-z0-9]+", name.casefold())).lstrip("0123456789-")
    return slug[:LONGEST_SLUG].rstrip("-")


def _checked(slug: str, what: str) -> None:
    if SLUG.match(slug) and len(slug) <= LONGEST_SLUG:
        return
    form = f"lower-case words joined by hyphens, a letter first, at most {LONGEST_SLUG} characters"
    better = suggested(slug)
    raise Refused(f"`{slug}` cannot be {what}: {form}" + (f"; try `{better}`" if better else ""))


def _packs(tenants: Path, asked: Sequence[str]) -> tuple[str, ...]:
    """The packs to take, `all` first. Raises Refused for one there is not, and for two that contradict each other."""
    known = pack_names(tenants)
    for name in asked:
        if name not in known:
            there = ", ".join(sorted(known))
            hint = did_you_mean(name, known)
            raise Refused(f"there is no pack `{name}`" + (f": {hint}" if hint else f"; there are {there}"))
    names = (ALL, *dict.fromkeys(name for name in asked if name != ALL))
    for pair in APART:
        if pair <= set(names):
            one, other = sorted(pair)
            raise Refused(f"the packs `{one}` and `{other}` do not go together: make two tenants")
    return names


def _role(packs: tuple[str, ...]) -> str:
    return next((ROLES[name] for name in packs if name in ROLES), "other")


def _tenant(
    wanted: Wanted, values: Mapping[str, str], packs: tuple[str, ...], duties: list[Duty]
) -> Iterator[tuple[str, str]]:
    folder = f"tenants/{wanted.slug}"
    ids = words.claim_ids(values["P"], duties)
    given = {
        **values,
        **ids,
        "opening": ", ".join(ids[duty.id] for duty in duties if duty.when in OPENING),
        "quick_replies": words.quick_replies(values["P"], duties, ids, OPENING),
        "whatsapp": words.whatsapp(values) if WHATSAPP in packs else "",
    }
    for name in TENANT_FILES:
        yield f"{folder}/{name}", laid_out(f"{folder}/{name}", template(f"tenant/{name}", given))
    for name, text in words.disclosures(duties, given).items():
        yield f"{folder}/{name}", laid_out(f"{folder}/{name}", text)
    if any(duty.id in words.WITH_STATEMENT for duty in duties):
        yield f"{folder}/{FEE_STATEMENT}", template("tenant-fee-statement.md", given)
