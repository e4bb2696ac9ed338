"""What the table of rules says of the packs and the schemas is so: the values and lists that enforce a rule have not drifted."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.load import schema
from compiler.pipeline import check
from runtime.messages import Move
from schemas.bundle import Bundle, Category, Prohibited
from schemas.text import find_prohibited
from tests.compiling import TODAY

TENANTS = Path(__file__).parents[2] / "tenants"
SLUGS = ("dynamo-dave", "edward-energy")


def pack(name: str, file: str = "pack") -> Any:
    return yaml.safe_load((TENANTS / "_packs" / name / f"{file}.yaml").read_text("utf-8"))


@cache
def bundles() -> dict[str, Bundle]:
    compiled = check(TENANTS, today=TODAY).tenants
    return {slug: Bundle.decode(made.bundle) for slug, made in compiled.items() if made is not None}


def category(slug: str, name: str) -> Category:
    return next(each for each in bundles()[slug].categories if each.id == name)


def test_there_is_no_voice_channel_to_write_down() -> None:
    for kind in ("channels", "consent"):
        assert schema(kind)["$defs"]["channel"]["enum"] == [
            "whatsapp_360dialog",
            "whatsapp_waha",
            "webchat",
            "email",
        ]


def test_a_basis_is_one_of_three_and_none_is_bought() -> None:
    base = schema("consent")["properties"]["bases"]["items"]["properties"]["basis"]
    assert base["enum"] == ["consent", "explicit_request", "soft_opt_in"]


def test_every_consent_record_must_name_the_sender_and_show_the_wording() -> None:
    assert set(pack("all", "consent")["evidence"]) >= {
        "who",
        "when",
        "how",
        "wording",
        "named_sender",
        "channel",
        "source",
    }
    assert "business_name_shown" in pack("whatsapp", "consent")["evidence"]
    for slug in SLUGS:
        for basis in bundles()[slug].consent_bases.values():
            assert set(basis.evidence) >= {"wording", "named_sender", "business_name_shown"}


def test_a_law_firm_starts_only_with_people_who_asked() -> None:
    assert pack("sra_firm", "consent")["allowed_bases"] == ["explicit_request"]
    assert [name.split()[1] for name in bundles()["edward-energy"].consent_bases] == ["explicit_request"]


def test_the_limits_on_contact_are_those_of_the_policy() -> None:
    for slug in SLUGS:
        policy = bundles()[slug].policy
        assert policy.consent_max_age_days <= 180
        assert policy.open_minute >= 9 * 60
        assert policy.close_minute <= 20 * 60
        assert 7 in policy.quiet_weekdays
        assert policy.quiet_dates
        assert (policy.proactive_per_day, policy.proactive_per_30_days, policy.strikes) == (1, 3, 3)


def test_a_stop_can_only_be_taken_back_by_a_fresh_consent() -> None:
    opt_out = schema("consent")["properties"]["opt_out"]["properties"]
    assert opt_out["resubscribe"]["enum"] == ["fresh_consent"]
    assert pack("all", "consent")["opt_out"]["resubscribe"] == "fresh_consent"


def test_the_fee_bands_are_the_same_for_claims_firms_and_law_firms() -> None:
    bands = [
        (band["from_pounds"], band.get("to_pounds"), band["percent"], band["max_pence"])
        for band in pack("fca_cmc")["fee_caps"]["bands"]
    ]
    assert bands == [
        (1, 1_499, 30, 420_00),
        (1_500, 9_999, 28, 2_500_00),
        (10_000, 24_999, 25, 5_000_00),
        (25_000, 49_999, 20, 7_500_00),
        (50_000, None, 15, 10_000_00),
    ]
    assert pack("sra_firm")["fee_caps"]["bands"] == pack("fca_cmc")["fee_caps"]["bands"]
    assert f"{pack('fca_cmc')['fee_caps']['effective']}" == "2022-03-01"
    assert f"{pack('sra_firm')['fee_caps']['effective']}" == "2024-07-26"


def test_each_pack_allows_the_statuses_of_its_own_regulators_and_no_other() -> None:
    allowed = {
        name: set(pack(name).get("statuses", ()))
        for name in ("all", "energy", "fca_cmc", "sra_firm", "whatsapp")
    }
    assert allowed == {
        "all": set(),
        "energy": set(),
        "fca_cmc": {"cmo", "fca", "fos"},
        "sra_firm": {"legal_ombudsman", "sra"},
        "whatsapp": set(),
    }


def test_complaints_are_kept_for_three_years_and_messages_for_one_at_least() -> None:
    kept = pack("fca_cmc")["retention_days"]
    assert kept["complaints"] >= 3 * 365
    assert kept["messages"] >= 365
    tenant = bundles()["dynamo-dave"].tenant
    assert tenant.retention_days["complaints"] >= kept["complaints"]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize(
    ("name", "case", "hold", "suppress"),
    [
        ("bereavement", "care", True, True),
        ("complaint", "complaint", True, False),
        ("data_rights", "data_rights", True, False),
        ("already_represented", "represented", True, False),
        ("fraud_signal", "fraud", True, False),
        ("danger_now", "danger", True, False),
    ],
)
def test_a_signal_opens_its_case_and_holds_what_we_start(
    slug: str, name: str, case: str, hold: bool, suppress: bool
) -> None:
    found = category(slug, name)
    assert (found.case, found.hold) == (case, hold)
    assert found.suppress or not suppress
    assert found.sla_minutes is not None


@pytest.mark.parametrize("slug", SLUGS)
def test_no_link_is_given_before_it_is_known_that_nobody_else_acts(slug: str) -> None:
    questions = {"dynamo-dave": "DD-Q01", "edward-energy": "EE-Q01"}
    for link in bundles()[slug].links.values():
        assert link.answers[questions[slug]] == "No"


@pytest.mark.parametrize("slug", SLUGS)
def test_whoever_we_write_to_first_is_told_who_writes_and_how_to_stop(slug: str) -> None:
    made = bundles()[slug]
    opening = set(made.persona.opening)
    for campaign in made.campaigns.values():
        assert set(campaign.claims) == opening


def test_the_assistant_can_do_nothing_but_speak_ask_and_hand_over() -> None:
    assert {move.__name__ for move in Move.__args__} == {
        "Act", "Ask", "Choose", "GiveLink", "HandOff", "Offer", "Say", "Silence", "State", "Tell",
    }  # fmt: skip


def test_a_score_counts_nothing_about_who_a_person_is() -> None:
    weights = schema("journeys")["properties"]["lead_score"]["properties"]["weights"]
    assert weights["additionalProperties"] is False
    assert set(weights["properties"]) == {
        "agreed_to_continue",
        "answered_question",
        "product_in_scope",
        "not_already_represented",
        "asked_for_form",
        "form_started",
        "asked_about_fee_or_free_route",
    }


PROHIBITED = [
    ("CMC-X03", "We can visit you at home.", "You can visit the lender's website."),
    ("CMC-X03", "A colleague will come round tomorrow.", "A colleague will answer you here."),
    ("CMC-X03", "We offer home visits.", "It is about your home address at the time."),
    ("CMC-X04", "Our records show a claim.", "Your lender's records may help."),
    ("CMC-X04", "We've found your agreement.", "You may find your agreement on your credit file."),
    ("CMC-X04", "Your car has been identified.", "Your number plate helps the lender find the agreement."),
    ("CMC-X05", "Reply YES to sign.", "Only signing the firm's documents signs you up."),
    ("CMC-X05", "By replying you agree to our terms.", "You can reply HUMAN for a person."),
    ("CMC-X05", "Please pay us now.", "You pay nothing now."),
    ("CMC-X05", "Sign here in this chat.", "Read it before you sign."),
]


@pytest.mark.parametrize(("entry", "said", "fine"), PROHIBITED)
def test_what_a_claims_firm_never_says_is_found_and_its_neighbours_are_not(
    entry: str, said: str, fine: str
) -> None:
    entries: list[Prohibited] = [
        each for each in bundles()["dynamo-dave"].prohibited if each.id.startswith("CMC-")
    ]
    assert [found.rule for found in find_prohibited(said, entries)] == [entry]
    assert find_prohibited(fine, entries) == ()
