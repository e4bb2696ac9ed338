"""Claiming a regulator's status is seen through disguises; telling people where to turn is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.load import load
from compiler.source import wording
from compiler.source.read import read
from schemas.statuses import BODIES, statuses

TENANTS = Path(__file__).parents[2] / "tenants"

CLAIMED = [
    ("we are FCA regulated", "fca"),
    ("We're authorised and regulated by the Financial Conduct Authority.", "fca"),
    ("We are regulated, by the FCA", "fca"),
    ("Our FCA number is 123456", "fca"),
    ("We hold FCA authorisation", "fca"),
    ("our regulator is the FCA", "fca"),
    ("the FCA has authorised us", "fca"),
    ("We fall under the FCA", "fca"),
    ("It is not only FCA regulated but free", "fca"),
    ("We are not a lender, FCA regulated and free", "fca"),
    ("FCA-authorised lenders trust us", "fca"),
    ("you're protected by the FOS", "fos"),
    ("under the protection of the Financial Ombudsman Service", "fos"),
    ("the FOS covers you", "fos"),
    ("backed by the Claims Management Ombudsman", "cmo"),
    ("FSCS protection", "fscs"),
    ("your money is protected by the Financial Services Compensation Scheme", "fscs"),
    ("We are on the SRA register", "sra"),
    ("Members of the Law Society", "sra"),
    ("covered by the Legal Ombudsman", "legal_ombudsman"),
    ("Ofgem approved", "ofgem"),
    ("backed by Ofgem", "ofgem"),
    ("Ofgem has approved us", "ofgem"),
    ("a member of the Energy Ombudsman", "energy_ombudsman"),
    ("we have been approved by the regulator Ofgem", "ofgem"),
    ("licensed and bonded by Ofgem", "ofgem"),
    ("Authorised & regulated by the 'FCA'", "fca"),
    ("The FCA, who regulate us", "fca"),
    ("FCA no. 123456", "fca"),
    ("FRN 123456", "fca"),
    ("FCA reg'd", "fca"),
    ("safe with the FSCS", "fscs"),
    ("we follow FCA rules", "fca"),
    ("I'm from the FCA", "fca"),
    ("This is a message from Ofgem", "ofgem"),
    ("on behalf of the FCA", "fca"),
    ("Ofgem partner", "ofgem"),
    # disguises
    ("F C A regulated", "fca"),
    ("F.C.A. regulated", "fca"),
    ("F-C-A approved", "fca"),
    ("F\u0421A regulated", "fca"),  # a Cyrillic letter that looks like C
    ("\uff26\uff23\uff21 regulated", "fca"),
    ("F\u200bC\u200bA-regulated", "fca"),
    ("*FCA* _regulated_", "fca"),
    ("FCA\u00a0regulated", "fca"),
    ("0fgem approved", "ofgem"),
    ("fca r e g u l a t e d", "fca"),
]
NAMED = [
    "You can complain to the Financial Ombudsman Service for free.",
    "The Financial Ombudsman Service is free for consumers who go to it directly.",
    "The FCA banned that arrangement from that date.",
    "The FCA's schemes are about regulated car finance agreements.",
    "We are not your supplier, broker, Ofgem or the government.",
    "The Claims Management Ombudsman can look at it for free.",
    "The Energy Ombudsman does not cover large firms.",
    "Check the firm on the FCA register.",
    "The FCA's rules changed in 2021.",
    "FCA rules banned that from 2021.",
    "The FCA regulates lenders.",
    "Whether the FCA's scheme covers your agreement depends on its date.",
    "The Energy Ombudsman can cover microbusinesses.",
    "I'm not from the FCA.",
    "Is this from the FCA? No.",
    # a denial
    "We are not regulated by the FCA.",
    "We aren't FCA authorised.",
    "Neither we nor this service is approved by Ofgem.",
    "This isn't an FCA approved scheme.",
    # somebody else
    "Your supplier is licensed by Ofgem.",
    "Energy suppliers must be licensed by Ofgem.",
]


@pytest.mark.parametrize(("text", "body"), CLAIMED)
def test_a_claimed_status_is_found(text: str, body: str) -> None:
    assert [found.body for found in statuses(text)] == [body]


@pytest.mark.parametrize("text", NAMED)
def test_a_body_that_is_only_named_is_left_alone(text: str) -> None:
    assert statuses(text) == ()


def test_the_place_is_that_of_the_words() -> None:
    text = "Hello. We are authorised by Ofgem today."
    (found,) = statuses(text)
    assert text[found.start : found.end] == "authorised by Ofgem"


def test_each_body_is_found_once_and_in_one_order() -> None:
    text = "Approved by Ofgem, regulated by the FCA, approved by Ofgem."
    assert [found.body for found in statuses(text)] == ["fca", "ofgem"]
    assert list(BODIES).index("fca") < list(BODIES).index("ofgem")


def test_nothing_the_shipped_tenants_say_claims_a_status() -> None:
    said = [
        text
        for source in read(load(TENANTS)).values()
        for claim in source.spoken()
        for text, _ in wording.of_claim(claim)
    ]
    assert len(said) > 100
    assert [text for text in said if statuses(text)] == []


WORDS = [
    "FCA",
    "the",
    "we are",
    "not",
    "regulated",
    "by",
    "ofgem",
    "f c a",
    "*",
    "-",
    ".",
    ",",
    "your supplier is",
    "under",
    "\ud800",
]


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=5)), max_size=25))
def test_whatever_a_text_holds_the_place_found_is_in_it(words: list[str]) -> None:
    text = " ".join(words)
    for found in statuses(text):
        assert 0 <= found.start < found.end <= len(text)
