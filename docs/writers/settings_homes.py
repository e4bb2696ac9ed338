"""docs/reference/settings.md: where each setting of a settings table lives in a tenant's files, with what its key means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

NAME = "settings.md"
SCHEMAS = resources.files("schemas") / "tenant"
HEAD = """# Where each setting lives

Written by `python -m docs.generate` from `docs/writers/settings_homes.py` and the schemas; do not edit.

What other products keep in the columns of a settings table is data here, in a file somebody can review. The first two
tables go through the columns of such tables one by one; the third names what has no column there. [The files of a
tenant](tenant-files.md) lists every key; [some are not acted upon
yet](../explanation/differences-from-the-design.md#declared-and-not-executed-yet). What a process needs from its
environment is in [settings-env.md](settings-env.md). When a row was made and changed is the history of the file.
"""


@dataclass(frozen=True, slots=True)
class Home:
    """`setting` as a table calls it, the file's kind and the key in it (dots and [] lead there), and what differs."""

    setting: str
    kind: str
    key: str
    note: str = ""


SETTINGS: tuple[Home, ...] = (
    Home("autoReplyEnabled", "journeys", "activation.auto_reply"),
    Home(
        "aiTemperature",
        "persona",
        "models.temperature_percent",
        "In hundredths, because bundles hold whole numbers.",
    ),
    Home("aiMaxTokens", "persona", "models.max_tokens"),
    Home(
        "primaryLlmProvider", "persona", "models.primary.provider", "Without it: what `preset` begins with."
    ),
    Home("primaryLlmModel", "persona", "models.primary.model"),
    Home(
        "fallbackLlmProvider",
        "persona",
        "models.fallback.provider",
        "Without it: what `preset` goes on with.",
    ),
    Home("fallbackLlmModel", "persona", "models.fallback.model"),
    Home("llmTimeoutMs", "persona", "models.timeout_ms"),
    Home("businessName", "tenant", "display_name", "In messages it is `values.brand`."),
    Home(
        "industry",
        "tenant",
        "business.industry",
        "The rules of a trade come with `packs`, `role` and `perimeter`.",
    ),
    Home("businessDescription", "tenant", "business.description"),
    Home("agentActivationMode", "journeys", "activation.mode"),
    Home(
        "agentActivationMode: business_hours",
        "journeys",
        "activation.hours",
        "Sending has hours of its own in consent.yaml.",
    ),
    Home("activationKeywords", "journeys", "activation.keywords"),
    Home("multiLanguageEnabled", "persona", "languages", "More than one language is that switch."),
    Home("defaultLanguage", "tenant", "language"),
    Home("supportedLanguages", "persona", "languages", "Wording: `translations` of each claim."),
    Home(
        "handoffEnabled",
        "destinations",
        "escalation.desk",
        "It cannot be off: a way to a person is always open.",
    ),
    Home("handoffKeywords", "guardrails", "handoff_words", "Added to the packs' own, never instead of them."),
    Home("followUpEnabled", "journeys", "follow_ups", "An empty list is off."),
    Home("leadScoringEnabled", "journeys", "lead_score.enabled"),
    Home("appointmentBookingEnabled", "journeys", "appointments.enabled"),
)
TENANTS: tuple[Home, ...] = (
    Home("_id", "tenant", "slug", "The database has a number of its own for it."),
    Home(
        "clerkUserId", "tenant", "account.sign_in", "Who may open the desk is the sign-in provider's to say."
    ),
    Home("email", "tenant", "account.email"),
    Home("name", "tenant", "display_name"),
    Home("plan", "tenant", "plan", "Its limits stand in caps.yaml."),
    Home("credits", "caps", "credits.per_month"),
    Home("organizations: name", "organisation", "display_name"),
    Home("organizations: clerkOrganizationId", "tenant", "account.sign_in"),
    Home("instances: name, phoneNumber", "channels", "connections[].address"),
    Home("instances: instanceId", "channels", "connections[].id"),
    Home(
        "instances: webhookConfigured", "channels", "connections[].signature", "How its webhooks are signed."
    ),
)
OTHERS: tuple[Home, ...] = (
    Home("budget of the models", "caps", "models.pence_per_turn"),
    Home("daily spend", "caps", "spend_pence.per_day"),
    Home("fallback wording", "persona", "lines.fallback"),
    Home("opening hours, quiet hours", "consent", "open_from"),
    Home("quiet days and bank holidays", "consent", "quiet_weekdays", "Dates: the pack's calendar.yaml."),
    Home("how often", "consent", "per_30_days"),
    Home("three strikes", "consent", "strikes"),
    Home("age of consent", "consent", "max_age_days"),
    Home("lead-score weights", "journeys", "lead_score.weights"),
    Home("quick replies", "journeys", "quick_replies", "By claim ids."),
    Home("campaigns", "journeys", "campaigns"),
    Home("secrets", "channels", "connections[].secrets", "References only; the values live outside."),
    Home("links and what comes before each", "destinations", "links"),
    Home("who is called", "destinations", "escalation"),
    Home("how long records are kept", "tenant", "retention_days"),
    Home("colours", "tenant", "accent"),
    Home("who approves claims", "tenant", "approvers"),
)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, homes in (
        ("The settings table", SETTINGS),
        ("The tables of tenants, teams and numbers", TENANTS),
        ("What has no column there", OTHERS),
    ):
        parts += [f"## {title}", "", "| setting | home | meaning |", "|---|---|---|", *map(_row, homes), ""]
    return "\n".join(parts)


def node(home: Home) -> dict[str, Any] | None:
    """What the schema says about a home; None when there is no such key."""
    document = json.loads((SCHEMAS / f"{home.kind}.schema.json").read_text("utf-8"))
    here: dict[str, Any] = document
    for step in home.key.split("."):
        named = step.removesuffix("[]")
        if named not in here.get("properties", {}):
            return None
        here = _resolved(here["properties"][named], document)
        if step.endswith("[]"):
            here = _resolved(here["items"], document)
    return here


def every() -> Iterator[Home]:
    """All homes of the page."""
    yield from (*SETTINGS, *TENANTS, *OTHERS)


def _resolved(here: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in here:
        named = str(here["$ref"]).removeprefix("#/$defs/")
        return {**document["$defs"][named], **{k: v for k, v in here.items() if k != "$ref"}}
    return here


def _row(home: Home) -> str:
    found = node(home) or {}
    meaning = " ".join(filter(None, [found.get("description", ""), home.note])).replace("|", "\\|")
    name = "the organisation's file" if home.kind == "organisation" else f"`{home.kind}.yaml`"
    return f"| {home.setting} | {name}: `{home.key}` | {meaning} |"
