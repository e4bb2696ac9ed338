"""`--fix`: what can only be put right in one way is, comments and all; nothing else is touched."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from compiler.diagnostics import Diagnostic, Edit, Fix, Span
from compiler.diagnostics.codes import UNKNOWN_KEY
from compiler.fix import FixRefused, Repair, Rewrite, applied, read, repair, write
from compiler.pipeline import check
from tests.compiling import EXAMPLES, TODAY, lay_out

FIXED = {
    "CV1005-byte-order-mark": ("plain/claims/facts.yaml", "- id: PL-F01\n"),
    "CV2001-yaml-syntax": ("plain/claims/facts.yaml", '  says: "Note: this breaks."\n'),
    "CV2003-ambiguous-word": ("plain/channels.yaml", "    outreach: false\n"),
    "CV2005-tag": ("plain/caps.yaml", "concurrency: 4\n"),
    "CV2010-tab-indent": ("plain/caps.yaml", "\n  per_day: 1000\n"),
    "CV3005-wrong-form": ("plain/claims/facts.yaml", "  effective: 2026-11-21\n"),
    "CV3007-repeated-item": ("plain/guardrails.yaml", "active: [no-amounts, opt-out]\n"),
}


def faults(root: Path, slugs: Sequence[str] = ()) -> Sequence[Diagnostic]:
    return check(root, today=TODAY, only=slugs).diagnostics


def fixed(root: Path) -> Repair:
    made = repair(root, faults(root), faults)
    write(root, made.rewrites)
    return made


def world(tmp_path: Path, file: str, *changes: tuple[str, str]) -> Path:
    lay_out(tmp_path / "tenants")
    path = tmp_path / "tenants" / file
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_bytes(text.encode("utf-8"))
    return tmp_path / "tenants"


@pytest.mark.parametrize("case", FIXED)
def test_what_can_only_be_meant_in_one_way_is_put_right(case: str, tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root, EXAMPLES / "negative" / case)
    (root / "plain/approvals.yaml").unlink()  # they were made before there was anything to read
    file, line = FIXED[case]
    (rewrite,) = fixed(root).rewrites
    assert rewrite.file == file
    assert line in rewrite.after == (root / file).read_text("utf-8")
    assert not [d for d in faults(root) if d.is_error]


@pytest.mark.parametrize(
    ("file", "old", "new", "after"),
    [
        ("plain/caps.yaml", "concurrency: 4", 'concurrency: "4"  # lanes', "concurrency: 4  # lanes"),
        ("plain/tenant.yaml", "packs: [all]", "packs: all", "packs: [all]"),
        ("plain/tenant.yaml", "display_name: Plain", "display_name: 2026", 'display_name: "2026"'),
        ("plain/consent.yaml", "open_from: 09:00", "open_from: 9:00", "open_from: 09:00"),
        ("plain/channels.yaml", "outreach: false", 'outreach: "false"', "outreach: false"),
        ("plain/journeys.yaml", "notice_hours: 24", "notice_horus: 24", "notice_hours: 24"),
        ("plain/journeys.yaml", "mode: always_on", "mode: alwys_on", "mode: always_on"),
        ("plain/consent.yaml", "per_30_days: 3", "per_30_days: 3\r\nper_30_days: 3", "per_30_days: 3"),
        ("plain/guardrails.yaml", "active: [no-amounts, opt-out]",
            "active:\n  - no-amounts\n  - opt-out\n  - no-amounts", "active:\n  - no-amounts\n  - opt-out"),
    ],
)  # fmt: skip
def test_a_value_is_written_as_it_is_wanted(
    tmp_path: Path, file: str, old: str, new: str, after: str
) -> None:
    root = world(tmp_path, file, (old, new))
    before = (root / file).read_text("utf-8")
    fixed(root)
    now = (root / file).read_bytes().decode()
    assert after in now
    assert new not in now or after == new
    assert now.count("\n") <= before.count("\n")
    assert [d.code for d in faults(root) if d.is_error and not d.code.startswith("CV6")] == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("plain/consent.yaml", "per_30_days: 3", "per_30_days: 30"),  # looser than the pack: whose word is wrong?
        ("plain/consent.yaml", "per_30_days: 3", "per_30_days: 2\nper_30_days: 3"),  # which of the two?
        ("plain/consent.yaml", "open_from: 09:00", "open_from: 9.00"),
        ("plain/caps.yaml", "concurrency: 4", "concurrency: 010"),  # 8 to some readers, 10 to others
        ("plain/claims/core.yaml", "says: \"Stop any time: reply STOP.\"", 'says: "Stop any\u200b time: reply STOP."'),
        ("plain/claims/core.yaml", "required_with: [PL-D03]", "required_with: [PL-DD03]"),  # approved as it stood
        ("plain/persona.yaml", "opening: [", "opening: [PL-D9, "),  # near to three
    ],
)  # fmt: skip
def test_what_could_be_meant_in_two_ways_or_was_approved_is_left_to_people(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    root = world(tmp_path, file, (old, new))
    before = (root / file).read_bytes()
    assert fixed(root) == Repair()
    assert (root / file).read_bytes() == before
    assert any(d.is_error for d in faults(root))


@pytest.mark.parametrize(
    ("file", "old", "new", "meant"),
    [
        ("plain/tenant.yaml", "approves: [scripts]", "approves: [script]", "scripts"),
        ("plain/tenant.yaml", "    approves: [scripts]", "    aproves: [scripts]", "approves"),
        ("plain/tenant.yaml", "    role: solicitor", "    role: solictor", "solicitor"),
        ("plain/tenant.yaml", "    login: ada-example", "    logn: ada-example", "login"),
        ("plain/tenant.yaml", "    repository: example", "    repostory: example", "repository"),
        ("plain/channels.yaml", "stage: sandbox", "stage: sandbx", "sandbox"),
        ("plain/consent.yaml", "basis: consent", "basis: consnt", "consent"),
        ("plain/consent.yaml", "quiet_weekdays", "quite_weekdays", "quiet_weekdays"),
        ("plain/claims/core.yaml", "kind: question", "kind: qestion", "question"),
        ("plain/claims/core.yaml", "required_with: [PL-D03]", "required_with: [PL-DD03]", "PL-D03"),
        ("plain/journeys.yaml", "purpose: hello", "purpose: helo", "hello"),
        ("plain/tenant.yaml", "slug: plain", "slug: plane", "slug: plain"),
    ],
)
def test_where_meaning_is_at_stake_a_near_word_is_only_suggested(
    tmp_path: Path, file: str, old: str, new: str, meant: str
) -> None:
    root = world(tmp_path, file, (old, new))
    (root / "plain/approvals.yaml").unlink()
    assert fixed(root) == Repair()
    assert any(f"`{meant}`" in (d.help or "") for d in faults(root) if d.is_error)


def test_a_key_that_a_claim_must_have_and_lacks_can_only_be_the_one_spelt_like_it(tmp_path: Path) -> None:
    root = world(tmp_path, "plain/claims/core.yaml", ("  review_by:", "  reveiw_by:"))
    (root / "plain/approvals.yaml").unlink()
    made = fixed(root)
    assert [d.code for d in made.fixed] == ["CV3001"]
    assert "reveiw_by" not in (root / "plain/claims/core.yaml").read_text()


def test_a_quoted_number_is_told_to_be_a_text(tmp_path: Path) -> None:
    root = world(tmp_path, "plain/tenant.yaml", ("schema: 2", 'schema: "2"'))
    (fault,) = [d for d in faults(root) if d.is_error]
    assert (fault.message, fault.help) == ("`2` is a text here, not a number", "write 2, without quotes")


def test_a_fix_that_brings_another_fault_to_light_is_followed_by_its_fix(tmp_path: Path) -> None:
    root = world(
        tmp_path, "plain/caps.yaml", ("  per_day", "\tper_day"), ("concurrency: 4", 'concurency: "4"  # kept')
    )
    made = fixed(root)
    assert [d.code for d in made.fixed] == ["CV2010", "CV3001", "CV3003"]
    assert "concurrency: 4  # kept\n" in (root / "plain/caps.yaml").read_text()
    assert not [d for d in faults(root) if d.is_error]


def test_faults_of_packs_and_organisations_are_put_right_too(tmp_path: Path) -> None:
    root = world(tmp_path, "_packs/all/consent.yaml", ("strikes: 3", 'strikes: "3"'))
    path = root / "_organisations/example.yaml"
    path.write_text(path.read_text().replace("per_day: 1", 'per_day: "1"'))
    assert [r.file for r in fixed(root).rewrites] == [
        "_organisations/example.yaml",
        "_packs/all/consent.yaml",
    ]
    assert not [d for d in faults(root) if d.is_error]


def test_mode_line_ends_and_everything_else_stay(tmp_path: Path) -> None:
    root = world(tmp_path, "plain/consent.yaml", ("per_30_days: 3", "per_30_days: '3'"))
    path = root / "plain/consent.yaml"
    path.write_bytes(b"# who may be written to\r\n" + path.read_bytes().replace(b"\n", b"\r\n"))
    path.chmod(0o640)
    before = path.read_bytes()
    fixed(root)
    assert path.read_bytes() == before.replace(b"'3'", b"3")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(p.name for p in path.parent.iterdir() if p.name.startswith(".")) == []


def test_nothing_is_written_through_a_link_or_outside(tmp_path: Path) -> None:
    root = world(tmp_path, "plain/consent.yaml")
    (tmp_path / "outside.yaml").write_text("a: 1\n")
    (root / "plain/linked.yaml").symlink_to(tmp_path / "outside.yaml")
    (root / "linked").symlink_to(root / "plain")
    for file in ("plain/linked.yaml", "linked/consent.yaml", "../outside.yaml"):
        with pytest.raises(FixRefused):
            read(root, file)


def test_a_link_beside_what_is_put_right_stays_a_link_and_a_fault(tmp_path: Path) -> None:
    root = world(tmp_path, "plain/consent.yaml", ("per_30_days: 3", "per_30_days: '3'"))
    (tmp_path / "outside.yaml").write_text("quite: 1\n")
    (root / "plain/sources.yaml").symlink_to(tmp_path / "outside.yaml")
    assert [r.file for r in fixed(root).rewrites] == ["plain/consent.yaml"]
    assert (root / "plain/sources.yaml").is_symlink()
    assert (tmp_path / "outside.yaml").read_text() == "quite: 1\n"
    assert [d.code for d in faults(root) if d.is_error] == ["CV1002"]


def test_nothing_is_written_when_a_file_has_changed_meanwhile(tmp_path: Path) -> None:
    root = world(tmp_path, "plain/consent.yaml", ("per_30_days: 3", "per_30_days: '3'"))
    path = root / "plain/caps.yaml"
    path.write_text(path.read_text().replace("concurrency", "concurency"))
    made = repair(root, faults(root), faults)
    before = path.read_text()
    (root / "plain/consent.yaml").write_text("somebody: else\n")
    with pytest.raises(FixRefused, match="changed meanwhile"):
        write(root, made.rewrites)
    assert path.read_text() == before


def test_a_fix_with_edits_in_two_files_is_taken_whole_or_not_at_all() -> None:
    both = _fault(_edit("a", 1, "X"), _edit("b", 1, "X"))
    taken = _fault(_edit("b", 1, "Y"))
    texts = {"a": "1", "b": "2"}
    assert applied(texts, [both, taken]) == ({"a": "X", "b": "X"}, [both])
    assert applied(texts, [taken, both]) == ({"a": "1", "b": "Y"}, [taken])


def test_a_rewrite_says_what_was_and_what_is_to_be(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    write(tmp_path, [Rewrite(file="f", before="old", after="new")])
    assert (tmp_path / "f").read_text() == "new"


def _edit(file: str, line: int, text: str) -> Edit:
    return Edit(span=Span(file=file, line=line, column=1, end_line=line, end_column=2), text=text)


def _fault(first: Edit, *also: Edit) -> Diagnostic:
    return UNKNOWN_KEY.at(first.span, "m", fix=Fix(span=first.span, text=first.text, also=also))
