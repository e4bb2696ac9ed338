"""A sentence is traced to the claim whose approved words it is, and to nothing else."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from compiler.pipeline import compile_tenant
from drills.facts.run import as_report, facts, table, untraced
from drills.facts.spoken import Spoken, of_report
from drills.facts.trace import trace
from drills.reports import Report, Row, Said
from runtime.messages import Sentence
from schemas.bundle import Bundle

AT = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
DAVE = Bundle.decode(compile_tenant(Path("tenants/dynamo-dave"), date(2026, 11, 24)).bundle)
FREE = DAVE.claims["DD-D04"]


def sentence(text: str, claim: str | None = None, digest: str | None = None) -> Sentence:
    return Sentence(text=text, claim=claim, variant=None, digest=digest)


def test_the_approved_words_are_traced_to_file_and_line() -> None:
    found = trace(sentence(FREE.texts["en-GB"]["full"], FREE.id, FREE.digest), DAVE)

    assert (found.claim, found.file, found.line, found.why) == (FREE.id, FREE.file, FREE.line, "")


def test_a_slot_may_be_filled_and_nothing_besides_it_changed() -> None:
    claim = DAVE.claims["DD-P08"]
    text = claim.texts["en-GB"]["full"]
    hours = DAVE.tenant.values.get("hours") or DAVE.tenant.hours_text
    filled = text.replace("{tenant.hours}", hours)

    assert trace(sentence(filled, claim.id, claim.digest), DAVE).why == ""
    later = text.replace("{tenant.hours}", "any time, and you are owed £3,000")
    assert trace(sentence(later, claim.id, claim.digest), DAVE).why != ""
    assert trace(sentence(filled + " Promise.", claim.id, claim.digest), DAVE).why != ""
    assert trace(sentence(filled.replace("colleague", "wizard"), claim.id, claim.digest), DAVE).why != ""


@pytest.mark.parametrize(
    "said",
    [
        sentence("You can complain to your lender for £25.", FREE.id, FREE.digest),
        sentence(FREE.texts["en-GB"]["full"], "DD-D99", FREE.digest),
        sentence(FREE.texts["en-GB"]["full"], FREE.id, "sha256:" + "0" * 64),
        sentence("You'll get three thousand pounds.", None),
    ],
)
def test_whatever_is_not_word_for_word_is_untraced(said: Sentence) -> None:
    found = trace(said, DAVE)

    assert found.why
    assert found.origin == "UNTRACED"


def test_connective_words_need_a_phrase_of_the_persona_or_a_checker() -> None:
    assert trace(sentence(DAVE.persona.phrases[0]), DAVE).why == ""
    assert trace(sentence("Let me see."), DAVE, vouched=["Let me see."]).why == ""
    assert trace(sentence("Let me see."), DAVE).why != ""


def test_facts_lists_each_sentence_once_untraced_first_and_counts() -> None:
    good = sentence(FREE.texts["en-GB"]["full"], FREE.id, FREE.digest)
    bad = sentence("Everyone gets a refund.")
    spoken = [Spoken(where="a", at=AT, sentence=s, bundle=DAVE) for s in (good, bad, good)]
    found = facts(spoken)

    assert untraced(found) == 1
    assert [fact.times for fact in found] == [1, 2]
    assert table(found).splitlines()[0].startswith("UNTRACED")
    assert [row.ok for row in as_report(found, tenant="x", digest="d", source="s").rows] == [False, True]


def test_a_sentence_whose_bundle_is_gone_is_untraced() -> None:
    gone = Spoken(where="a", at=AT, sentence=sentence("Hello.", "DD-D01"), bundle=None)

    assert untraced(facts([gone])) == 1


def test_a_report_of_a_drill_is_read_sentence_by_sentence_and_people_are_left_out() -> None:
    row = Row(
        id="r", group="g", strategy="s", ok=True, expected={}, got={},
        transcript=(
            Said(who="person", text="you promised me money", at=AT),
            Said(who="bot", text=FREE.texts["en-GB"]["full"], at=AT, claims=(FREE.id,)),
        ),
    )  # fmt: skip
    report = Report(kind="k", tenant="t", digest="d", seed=0, played_at=AT, rows=(row,))
    [spoken] = of_report(report, DAVE)

    assert spoken.sentence.claim == FREE.id
    assert dataclasses.asdict(facts([spoken])[0].traced)["why"] == ""
