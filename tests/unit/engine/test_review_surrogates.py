"""Review of a text with half of a surrogate pair: refused for that, and every check still read it."""

from __future__ import annotations

from runtime.engine.review import blocked, review_text
from tests.unit.engine.test_shipped_tenants import shipped


def test_half_of_a_pair_blocks_and_breaks_no_check() -> None:
    for text in ("\ud800", "see \ud800 www.example.com", "\udc00 07700 900123"):
        found = review_text(text, shipped("dynamo-dave"))
        assert blocked(found)
        assert any("surrogate" in finding.message for finding in found)
        assert not any("broke" in finding.message for finding in found)
