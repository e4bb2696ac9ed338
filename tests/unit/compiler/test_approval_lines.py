"""A line of approvals.yaml holds as it was signed, for the words it was signed for, or not at all."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.approvals import (
    Enrolment,
    digest_of_words,
    enrolment_of,
    kept_words,
    same_person,
    subject_of,
    subjects_of,
    written,
    wrote_it,
)
from compiler.approvals.enrolment import WEAK_KEYS
from compiler.approvals.judge import Judged, judge
from compiler.approvals.register import HEAD, added, head_of, rendered
from compiler.approvals.words import changes, shortened, word_diff
from compiler.source.files import Parsed
from compiler.source.model import Source
from compiler.source.parse import parse
from schemas.signing import signature_holds
from tests.compiling import BASE, signed_line, sources

TODAY = "2026-11-24"
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="[]{}+-"), max_size=60)


@cache
def source() -> Source:
    return sources(BASE)["plain"]


def maps(lines: list[dict[str, Any]]) -> tuple[Any, ...]:
    """The lines as the compiler would read them from a file."""
    return tuple(parse(Parsed("plain/approvals.yaml", "approvals", text=json.dumps(lines))).data)


def judged(*lines: dict[str, Any], enrolment: Enrolment | None = None, today: str = TODAY) -> Judged:
    return judge(replace(source(), approvals=maps(list(lines))), today=today, enrolment=enrolment)


def line(subject: str = "PL-D01", **how: Any) -> dict[str, Any]:
    return signed_line("plain", subjects_of(source())[subject], **how)


def codes(found: Judged) -> list[str]:
    return [fault.code for _, faults in found.lines for fault in faults]


# ---- forged, replayed, edited -------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_single_bit_of_a_line_voids_it(data: st.DataObject) -> None:
    good = line(data.draw(st.sampled_from(["PL-D01", "persona", "campaign/hello"])))
    field = data.draw(st.sampled_from(sorted(good)))
    at = data.draw(st.integers(0, len(good[field]) - 1))
    flipped = chr(ord(good[field][at]) ^ (1 << data.draw(st.integers(0, 6))))
    bad = {**good, field: good[field][:at] + flipped + good[field][at + 1 :]}
    try:
        found = judged(bad)
    except (TypeError, KeyError):  # what YAML cannot hold never gets here
        assert not flipped.isprintable()
        return
    assert found.held.lines == {}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_single_bit_of_the_words_is_another_digest(data: st.DataObject) -> None:
    subject = subjects_of(source())[data.draw(st.sampled_from(sorted(subjects_of(source()))))]
    text = written(subject.normative)
    at = data.draw(st.integers(0, len(text) - 1))
    other = text[:at] + chr(ord(text[at]) ^ (1 << data.draw(st.integers(0, 6)))) + text[at + 1 :]
    try:
        words = json.loads(other)
    except ValueError:
        return
    same = isinstance(words, dict) and words == json.loads(text)
    assert (
        same or not isinstance(words, dict) or digest_of_words(words, script=subject.script) != subject.digest
    )


def test_a_line_of_another_tenant_another_thing_or_other_words_does_not_hold() -> None:
    here = subjects_of(source())
    elsewhere = signed_line("other", here["PL-D01"])
    moved = {**line("PL-D01"), "claim": "PL-D02"}
    as_script = {**{k: v for k, v in line("PL-D01").items() if k != "claim"}, "script": "persona"}
    assert [codes(judged(each)) for each in (elsewhere, moved, as_script)] == [["CV6003"]] * 3
    assert codes(judged(line(was={"robot": "x", "automated": "automatic"}))) == ["CV6002"]


def test_the_second_spelling_of_one_signature_is_none() -> None:
    good = line()
    body = good["signature"][:-3]
    twin = body + chr(ord(good["signature"][-3]) + 1) + "=="
    assert codes(judged({**good, "signature": twin})) == ["CV6003"]


def test_the_key_of_another_approver_signs_for_nobody_else() -> None:
    assert codes(judged(line(key="Bea Example"))) == ["CV6004"]
    assert codes(judged(line(key="Mallory Example"))) == ["CV6004"]
    assert codes(judged(line(key="CI"))) == ["CV6004"]
    assert codes(judged(line(key="Ada Example", via="review"))) == ["CV6004"]


@pytest.mark.parametrize("subject", sorted(subjects_of(sources(BASE)["plain"])))
def test_the_words_that_are_kept_are_the_words_that_were_approved(subject: str) -> None:
    assert kept_words(line(subject)) == json.loads(json.dumps(subjects_of(source())[subject].normative))
    assert "null" not in line(subject)["text"]


def test_words_kept_in_another_form_are_not_believed() -> None:
    good = line()
    spaced = json.dumps(json.loads(good["text"]))
    assert kept_words(good) is not None
    assert kept_words({**good, "text": spaced}) is None
    assert kept_words({**good, "text": "[" * 5000}) is None
    assert codes(judged({**good, "text": spaced})) == ["CV6003"]


# ---- people -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "author",
    ["Ada Example", "ada example", " ADA   EXAMPLE ", "Example Ada", "\u0410da Ex\u0430mple", "Ada\u200b Example",
     "A d a Example", "ada-example", "@Ada-Example", "Ada Exampl\u0435", "Ad\u0430 Examp1e", "Áda Example",
     "Example, Ada", "Dr Ada Example", "Ms. Ada Example LLB", "ada@example.com", "ada.example@firm.test", "AdaExample@mail.test",
     "Ada Example <a@mail.test>", "12+ada-example@users.noreply.github.example", "Wat Example; Ada Example",
     "Wat Example and Dr Ada Example", "Wat Example, Ada Example", "\u0410da.Ex\u0430mple"],
)  # fmt: skip
def test_nobody_approves_their_own_words_under_any_spelling(author: str) -> None:
    assert codes(judged(line(author=author))) == ["CV6006"]


@pytest.mark.parametrize(
    "author",
    [
        "Adam Example",
        "Ada Exemplar",
        "Bea Example",
        "@bea-example",
        "Wat",
        "Wat Example <wat@example.com>",
        "bea@example.com",
        "12+wat@users.noreply.github.example",
        "Dr Wat Example; Bea Example",
    ],
)
def test_somebody_else_s_words_can_be_approved(author: str) -> None:
    assert codes(judged(line(author=author))) == []


def test_one_person_s_two_lines_are_one_voice_and_no_script_s_two_people() -> None:
    twice = judged(line("persona"), line("persona", role="solicitor", on="2026-11-20"))
    assert codes(twice) == ["CV6009"]
    assert twice.held.lacks("persona") == ("compliance",)
    other_office = judged(line("persona"), line("persona", role="compliance"))
    assert codes(other_office) == ["CV6004"]


def test_a_script_needs_a_solicitor_and_a_compliance_person() -> None:
    one = judged(line("persona"))
    both = judged(line("persona"), line("persona", by="Bea Example"))
    assert (one.held.approved("persona"), one.held.lacks("persona")) == (False, ("compliance",))
    assert both.held.approved("persona")


def test_who_the_change_itself_enrols_does_not_count_yet_and_who_it_removes_no_longer() -> None:
    base, _ = enrolment_of(source().sections["tenant"])
    without_ada = replace(base, people={k: p for k, p in base.people.items() if p.name != "Ada Example"})
    assert codes(judged(line(), enrolment=base)) == []
    assert codes(judged(line(), enrolment=without_ada)) == ["CV6013"]
    assert codes(judged(line(), enrolment=Enrolment())) == ["CV6013"]
    wider = {k: replace(p, approves=frozenset({"scripts"})) for k, p in base.people.items()}
    assert codes(judged(line(), enrolment=replace(base, people=wider))) == ["CV6013"]


def test_a_recycled_login_is_known_by_the_number_of_the_account() -> None:
    base, _ = enrolment_of(source().sections["tenant"])
    ada = next(p for p in base.people.values() if p.name == "Ada Example")
    numbered = replace(base, people={ada.keyid: replace(ada, account=7)})
    assert base.with_login("ADA-example") == ada
    assert numbered.with_login("ada-example", 8) is None
    assert numbered.with_login("ada-renamed", 7) is not None


REVIEW = {
    "key": "CI",
    "via": "review",
    "ref": "https://github.example/example/tenants/pull/7#pullrequestreview-1",
}


@pytest.mark.parametrize(
    ("signed", "enrolled", "found"),
    [
        ({"login": "ADA-example"}, None, []),
        ({"login": "mallory"}, None, ["CV6011"]),
        ({}, None, ["CV6011"]),
        ({"login": "ada-renamed", "account": 7}, 7, []),
        ({"login": "ada-example", "account": 8}, 7, ["CV6011"]),
        ({"login": "ada-example"}, 7, []),  # signed before the number was enrolled
        ({"login": "ada-example", "account": 8}, None, []),
    ],
)
def test_a_review_is_the_word_of_whoever_has_the_account_it_was_signed_for(
    signed: dict[str, Any], enrolled: int | None, found: list[str]
) -> None:
    text = (BASE / "plain/tenant.yaml").read_text()
    text = text.replace(
        "login: ada-example",
        f"login: ada-example\n    account: {enrolled}" if enrolled else "login: ada-example",
    )
    tenant = parse(Parsed("plain/tenant.yaml", "tenant", text=text)).data
    sections = {**source().sections, "tenant": tenant}
    lines = maps([line(**REVIEW, **signed)])
    assert codes(judge(replace(source(), approvals=lines, sections=sections), today=TODAY)) == found


def test_whose_review_it_was_is_signed() -> None:
    good = line(**REVIEW, login="ada-example")
    assert codes(judged(good)) == []
    assert codes(judged({**good, "login": "Ada-example"})) == ["CV6003"]
    assert codes(judged({**good, "account": 7})) == ["CV6003"]


@pytest.mark.parametrize(
    ("one", "other"), [("Ada Example", "Ada  example"), ("Li Wei", "Wei Li"), ("José", "Jose\u0301"),
     ("Dr Sol Plain", "Plain, Sol"), ("Mr Sol Plain", "SolPlain"), ("Pat O'Brien", "Pat OBrien"),
     ("A <x@mail.test>", "B <X@mail.test>")],
)  # fmt: skip
def test_two_spellings_of_one_name_are_one_person(one: str, other: str) -> None:
    assert same_person(one, other)
    assert same_person(other, one)
    assert not same_person(one, f"{other.partition(' <')[0]} Junior")


def test_an_author_named_by_login_is_known() -> None:
    base, _ = enrolment_of(source().sections["tenant"])
    bea = next(p for p in base.people.values() if p.name == "Bea Example")
    assert wrote_it("@bea-example", bea)
    assert not wrote_it("@ada-example", bea)


def test_a_key_under_which_anybody_can_sign_enrols_nobody() -> None:
    identity = b"\x01" + b"\x00" * 31
    forged = identity + b"\x00" * 32  # R is the identity, S is zero: it verifies for every message
    assert signature_holds(identity, forged, b"whatever")
    for weak in WEAK_KEYS:
        for key in (weak, weak[:-1] + bytes([weak[-1] | 0x80])):
            tenant = parse(Parsed("t", "tenant", text=json.dumps({"approvers": [{
                "name": "Mallory Example", "role": "solicitor", "approves": ["facts"],
                "key": "ed25519:" + base64.b64encode(key).decode()}]}))).data  # fmt: skip
            enrolment, faults = enrolment_of(tenant)
            assert (enrolment.people, [fault.code for fault in faults]) == ({}, ["CV6010"])


def test_the_weak_keys_are_the_points_that_eight_times_themselves_are_nothing() -> None:
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    for weak in WEAK_KEYS:
        y = int.from_bytes(weak, "little") % p
        x2 = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        for _ in range(3):  # doubling: y' from x^2 and y^2 alone
            y2 = y * y % p
            x2, y = 4 * x2 * y2 * pow(1 + d * x2 * y2, -2, p) % p, (y2 + x2) * pow(1 - d * x2 * y2, -1, p) % p
        assert (x2, y) == (0, 1)


# ---- days ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "today", "wrong"), [("2026-11-24", TODAY, []), ("2026-11-25", TODAY, ["CV6008"])]
)
def test_an_approval_holds_from_its_day_on(on: str, today: str, wrong: list[str]) -> None:
    assert codes(judged(line(on=on), today=today)) == wrong


# ---- the words that changed -----------------------------------------------------------------------------------------------


def test_a_changed_word_is_shown_between_its_neighbours_with_both_digests() -> None:
    found = judged(line(was={"automated assistant": "automatic helper"}))
    ((_, (fault,)),) = found.lines
    assert "I'm Pat, an [-automatic-]{+automated+} [-helper-]{+assistant+} for" in fault.message
    assert fault.message.count("sha256:") == 2
    (label,) = fault.labels
    assert (label.span.file, label.span.line) == ("plain/claims/core.yaml", 3)


def test_a_script_is_void_when_what_it_says_changed_and_says_which() -> None:
    subject = subjects_of(source())["campaign/hello"]
    old = {**subject.normative, "claims": {**subject.normative["claims"], "PL-D02": "sha256:" + "0" * 64}}
    assert [str(c) for c in changes(old, subject.normative)] == [
        "claims: the wording of PL-D02, which it says, changed"
    ]


@pytest.mark.parametrize("script", ["persona", "campaign/hello"])
def test_what_a_script_says_is_pointed_at_where_it_stands(script: str) -> None:
    digest = subjects_of(source())["PL-D02"].digest
    found = judged(line(script, was={digest: "sha256:" + "0" * 64}))
    ((_, (fault,)),) = found.lines
    rows = Path(BASE, fault.labels[0].span.file).read_text().splitlines()
    assert "[PL-D01, PL-D02]" in rows[fault.labels[0].span.line - 1]


def test_fields_that_came_went_and_changed_are_each_named() -> None:
    old = {"texts": {"en-GB": {"full": "One two."}}, "expires": None, "options": ["Yes"], "when": "opening"}
    new = {
        "texts": {"en-GB": {"full": "One  two."}},
        "expires": "2027-01-01",
        "options": [],
        "when": "opening",
    }
    assert [str(c) for c in changes(old, new)] == [
        "says (en-GB): One[- -]{+  +}two.",
        "expires: {+2027-01-01+}",
        "options: [-Yes-]",
    ]


def test_hidden_characters_in_a_change_are_spelt_out() -> None:
    (change,) = changes({"when": "a b"}, {"when": "a \u202eb"})
    assert "<U+202E>" in change.shown


@settings(max_examples=200, deadline=None)
@given(WORDS, WORDS)
def test_a_word_diff_holds_both_texts(old: str, new: str) -> None:
    diff = word_diff(old, new)
    assert _without(diff, "{+", "+}").replace("[-", "").replace("-]", "") == old
    assert _without(diff, "[-", "-]").replace("{+", "").replace("+}", "") == new


def test_a_diff_of_two_huge_texts_takes_no_time_and_a_long_one_is_cut_to_its_changes() -> None:
    a, b = "x y " * 200_000, "y x " * 200_000
    assert word_diff(a, b).startswith("[-x y ")
    long = shortened(word_diff("start " + "word " * 100 + "one end", "start " + "word " * 100 + "two end"))
    assert long.endswith("[-one-]{+two+} end")
    assert len(long) < 80


def _without(text: str, begin: str, end: str) -> str:
    while begin in text:
        head, _, rest = text.partition(begin)
        text = head + rest.partition(end)[2]
    return text


# ---- the file -----------------------------------------------------------------------------------------------------------


def read_back(text: str) -> list[dict[str, Any]]:
    parsed = parse(Parsed("plain/approvals.yaml", "approvals", text=text))
    assert parsed.whole, parsed.diagnostics
    return [dict(each) for each in parsed.data or []]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                name: st.text(
                    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]),
                    min_size=1,
                    max_size=30,
                )
                for name in ("by", "ref", "author")
            }
        ),
        max_size=4,
    )
)
def test_what_is_written_is_what_is_read(people: list[Mapping[str, str]]) -> None:
    lines = [
        {**line(subject), **fields}
        for fields, subject in zip(people, sorted(subjects_of(source())), strict=False)
    ]
    assert sorted(read_back(rendered("", lines)), key=subject_of) == sorted(lines, key=subject_of)


def test_the_order_of_the_file_does_not_depend_on_the_order_of_approving() -> None:
    lines = [line("persona", by="Bea Example"), line("PL-D02"), line("persona"), line("PL-D01")]
    text = rendered("# kept\n", lines)
    assert text == rendered("# kept\n", lines[::-1])
    assert [subject_of(each) for each in read_back(text)] == ["PL-D01", "PL-D02", "persona", "persona"]
    assert text.startswith("# kept\n\n- claim: PL-D01\n  digest: sha256:")


def test_a_file_without_lines_is_an_empty_list_and_keeps_its_head() -> None:
    text = rendered("", [])
    assert text == f"{HEAD}\n[]\n"
    assert head_of(text + "# later\n") == HEAD


def test_approving_again_replaces_ones_own_line_and_nobody_else_s() -> None:
    old, other, new = line("persona"), line("persona", by="Bea Example"), line("persona", on="2026-11-20")
    assert added([old, other], [new]) == [other, new]


def test_the_shipped_tenants_pretend_no_approval() -> None:
    tenants = sources(Path(__file__).parents[3] / "tenants")
    assert {slug: s.approvals for slug, s in tenants.items()} == dict.fromkeys(tenants, ())
