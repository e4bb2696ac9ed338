"""Every setting that other products keep in a table has a home in a tenant's files, and the page says which."""

from __future__ import annotations

import re

import pytest

from compiler.load import load, schema
from compiler.source.files import Parsed
from compiler.source.parse import parse
from compiler.validate import validate
from docs.writers.settings_homes import OTHERS, SETTINGS, TENANTS, Home, every, node, page
from tests.compiling import BASE

# The columns, written once more by hand: a home that is dropped from the page goes missing here.
COLUMNS = re.findall(
    r"\w+",
    """autoReplyEnabled aiTemperature aiMaxTokens primaryLlmProvider primaryLlmModel fallbackLlmProvider
fallbackLlmModel llmTimeoutMs businessName industry businessDescription agentActivationMode activationKeywords
multiLanguageEnabled defaultLanguage supportedLanguages handoffEnabled handoffKeywords followUpEnabled
leadScoringEnabled appointmentBookingEnabled clerkUserId email name plan credits""",
)


@pytest.mark.parametrize("home", list(every()), ids=lambda home: f"{home.setting} -> {home.kind}.{home.key}")
def test_every_home_is_a_key_of_a_schema_and_is_explained(home: Home) -> None:
    found = node(home)
    assert found is not None
    assert found["description"].endswith(".")
    assert f"`{home.key}`" in page()


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_has_a_home(column: str) -> None:
    assert [home.key for home in (*SETTINGS, *TENANTS) if home.setting == column]


def test_no_home_stands_twice_for_one_setting() -> None:
    settings = [home.setting for home in (*SETTINGS, *TENANTS, *OTHERS)]
    assert len(settings) == len(set(settings))


FILLED = {
    "persona": "models:\n  primary: {provider: openai, model: a-model-1}\n  fallback: {provider: gemini, model: m/2}\n"
    "  tertiary: {provider: anthropic, model: m-3}\n  cheap: {provider: openai, model: m-4}\n"
    "  temperature_percent: 20\n  max_tokens: 400\n  timeout_ms: 2500\n",
    "journeys": "",
    "caps": "credits: {per_month: 1000, warn_at_percent: 80}\n",
    "tenant": "account: {email: office@example.com, sign_in: user_EXAMPLE}\n"
    "business: {industry: claims management, description: Helps people complain.}\n",
}


@pytest.mark.parametrize("kind", FILLED)
def test_the_new_homes_may_be_filled_or_left_out(kind: str) -> None:
    (file,) = load(BASE).tenants["plain"].of(kind)
    text = file.text + FILLED[kind]
    if kind == "journeys":
        hours = "  auto_reply: true\n  hours: {from: 09:00, until: 17:30, weekdays: [monday, friday]}\n"
        text = file.text.replace("  mode: always_on\n", f"  mode: business_hours\n{hours}")
    for written in (file.text, text):
        made = parse(Parsed(file.file, kind, text=written))
        validate(made, schema(kind), authority=True)
        assert [d.message for d in made.diagnostics] == []


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("persona", "models: {temperature_percent: 0.2}\n"),
        ("persona", "models: {temperature: 20}\n"),
        ("persona", "models: {primary: {provider: somebody, model: x}}\n"),
        ("persona", "models: {timeout_ms: 60000}\n"),
        ("caps", "credits: {per_month: -1}\n"),
        ("tenant", "account: {email: nobody}\n"),
    ],
)
def test_a_value_that_no_runtime_could_act_on_is_refused(kind: str, line: str) -> None:
    (file,) = load(BASE).tenants["plain"].of(kind)
    made = parse(Parsed(file.file, kind, text=file.text + line))
    validate(made, schema(kind), authority=True)
    assert made.diagnostics
