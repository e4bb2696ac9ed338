"""Renames are one change, approvals and waivers let through what they are for, and each change knows whose file it is in."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from compiler.approvals import enrolment_of, wrote_it
from compiler.approvals.judge import judge as judge_approvals
from compiler.pipeline import compile_tenant, source_of
from compiler.plan import Change, plan
from compiler.plan.change import change_digest
from compiler.plan.covered import approvable, by_approval, by_waiver
from compiler.plan.places import located
from compiler.plan.waivers import Waiver, judge, waived, waiver_payload
from compiler.source.model import Source
from compiler.source.tree import Map
from schemas.bundle import canonical
from schemas.signing import keyid
from tests.compiling import APPROVER, TODAY, approve, key_of, lay_out

CORE, CAPS, FLOOR, GROUP = (
    "plain/claims/core.yaml",
    "plain/caps.yaml",
    "_packs/all/consent.yaml",
    "_organisations/example.yaml",
)


def laid_out(tmp_path: Path, name: str, *edits: tuple[str, str, str]) -> Path:
    root = tmp_path / name
    lay_out(root)
    for file, old, new in edits:
        text = (root / file).read_text()
        assert old in text, (file, old)
        (root / file).write_text(text.replace(old, new))
    return root


def two(tmp_path: Path, *edits: tuple[str, str, str]) -> tuple[tuple[Change, ...], Source, Source]:
    """The changes of some edits, with both sides' files. Nobody approved the edits."""
    old, new = laid_out(tmp_path, "old"), laid_out(tmp_path, "new", *edits)
    (new / "plain/approvals.yaml").write_text("[]")
    before, after = (compile_tenant(root / "plain", TODAY).bundle for root in (old, new))
    changes = tuple(c for c in plan(before, after) if c.rule != "CLAIM_APPROVAL_CHANGED" and not c.indirect)
    return changes, source_of(old, "plain"), source_of(new, "plain")


def document(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(compile_tenant(laid_out(tmp_path, "t") / "plain", TODAY).bundle)
    return found


def test_a_new_id_is_one_change_wherever_it_is_named(tmp_path: Path) -> None:
    before = document(tmp_path)
    after = json.loads(canonical(before).replace(b'"PL-D03"', b'"PL-D93"').replace(b'"form"', b'"the-form"'))
    changes = [c for c in plan(canonical(before), canonical(after)) if not c.indirect]
    assert sorted((c.rule, c.id, c.before) for c in changes) == [
        ("CLAIM_RENAMED", "PL-D93", "PL-D03"),
        ("ENTRY_RENAMED", "the-form", "form"),
    ]


def test_a_renamed_claim_with_other_words_is_one_gone_and_one_new(tmp_path: Path) -> None:
    before = document(tmp_path)
    after = json.loads(canonical(before).replace(b'"PL-Q01"', b'"PL-Q91"'))
    [claim] = [c for c in after["claims"] if c["id"] == "PL-Q91"]
    claim["texts"]["en-GB"]["full"] += " Please."
    rules = {
        c.rule for c in plan(canonical(before), canonical(after)) if c.kind == "claim" and not c.indirect
    }
    assert rules == {"CLAIM_ADDED", "CLAIM_REMOVED"}


@pytest.mark.parametrize(
    ("edit", "rule", "owner", "place"),
    [
        ((CAPS, "per_day: 1000", "per_day: 2000"), "CAP_NOT_LOOSENED", "plain", CAPS),
        ((FLOOR, "strikes: 3", "strikes: 2"), "FREQUENCY_LOWERED", "_packs/all", FLOOR),
        ((GROUP, "per_30_days: 3", "per_30_days: 2"), "FREQUENCY_LOWERED", "_organisations", GROUP),
        ((GROUP, "Olive Example", "Otto Example"), "ORGANISATION_CHANGED", "_organisations", GROUP),
        ((CORE, "an automated", "a robotic"), "CLAIM_REWORDED", "plain", CORE),
        (
            ("_packs/all/pack.yaml", "handoff_words: [human]", "handoff_words: [human, person]"),
            "HANDOFF_EASIER",
            "_packs/all",
            "_packs/all/pack.yaml",
        ),
        (
            ("_packs/all/optout/en.yaml", "exact: [stop]", "exact: [stop, end]"),
            "OPT_OUT_WIDENED",
            "_packs/all",
            "_packs/all/optout/en.yaml",
        ),
        (
            ("_packs/all/signals/care.yaml", "after: 2", "after: 1"),
            "SIGNAL_TIGHTENED",
            "_packs/all",
            "_packs/all/signals/care.yaml",
        ),
        (
            ("plain/destinations.yaml", "answer: Not yet", "answer: Already"),
            "DESTINATION_CHANGED",
            "plain",
            "plain/destinations.yaml",
        ),
        (
            ("plain/tenant.yaml", "role: claims_management_company", "role: other"),
            "IDENTITY_CHANGED",
            "plain",
            "plain/tenant.yaml",
        ),
    ],
)
def test_a_change_stands_where_it_was_made(
    tmp_path: Path, edit: tuple[str, str, str], rule: str, owner: str, place: str
) -> None:
    changes, before, after = two(tmp_path, edit)
    change = next(c for c in changes if c.rule == rule)
    found, head, base = located(change, before, after)
    assert found == owner
    for at, source, words in ((head, "new", edit[2]), (base, "old", edit[1])):
        assert at is not None and at.file == place
        written = (tmp_path / source / place).read_text().splitlines()[at.line - 1 :]
        assert any(part in "\n".join(written[:8]) for part in (words, words.split(": ")[-1]))


def test_an_approval_lets_through_the_words_and_nothing_else(tmp_path: Path) -> None:
    edits = ((CORE, "an automated", "a robotic"), (CAPS, "per_day: 1000", "per_day: 2000"))
    changes, _, after = two(tmp_path, *edits)
    words, cap = (next(c for c in changes if c.rule == r) for r in ("CLAIM_REWORDED", "CAP_NOT_LOOSENED"))
    assert (approvable(words), approvable(cap)) == ("PL-D01", None)
    nobody = judge_approvals(after, today=f"{TODAY}").held
    assert by_approval(words, nobody).open
    approve_again(tmp_path / "new")
    held = judge_approvals(source_of(tmp_path / "new", "plain"), today=f"{TODAY}").held
    assert by_approval(words, held).covered == "approved by Ada Example (solicitor)"
    assert by_approval(cap, held).open


def test_a_script_is_let_through_when_both_its_approvers_did(tmp_path: Path) -> None:
    edit = ("plain/persona.yaml", "[Thanks for asking.]", "[Thanks for writing.]")
    changes, _, _ = two(tmp_path, edit)
    phrase = next(c for c in changes if c.rule == "PERSONA_CHANGED")
    assert approvable(phrase) == "persona"
    approve_again(tmp_path / "new")
    both = judge_approvals(source_of(tmp_path / "new", "plain"), today=f"{TODAY}").held
    assert not by_approval(phrase, both).open
    lines = json.loads((tmp_path / "new/plain/approvals.yaml").read_text())
    one = [line for line in lines if (line.get("script"), line["role"]) != ("persona", "compliance")]
    (tmp_path / "new/plain/approvals.yaml").write_text(json.dumps(one))
    assert by_approval(
        phrase, judge_approvals(source_of(tmp_path / "new", "plain"), today=f"{TODAY}").held
    ).open


def approve_again(root: Path) -> None:
    (root / "plain/approvals.yaml").unlink()
    approve(root, {})


def signed(line: dict[str, str], like: Map, *, tenant: str = "plain") -> Map:
    key = key_of(APPROVER)
    held = Map("plain/waivers.yaml", like.node)
    held.update({**line, "key": keyid(key.public_key().public_bytes_raw())})
    held["signature"] = base64.b64encode(key.sign(waiver_payload(tenant, held))).decode()
    return held


def line_for(change: Change, **more: str) -> dict[str, str]:
    return {
        "rule": change.rule,
        "subject": change.subject,
        "digest": change_digest("plain", change),
        "reason": "The winter campaign",
        "author": "Wat Example",
        "by": APPROVER,
        "on": "2026-11-20",
        "expires": "2027-02-01",
        **more,
    }


def waiver_of(change: Change, **more: str) -> Waiver:
    fields = {k: v for k, v in line_for(change, **more).items() if k != "author"}
    return Waiver(**fields)  # type: ignore[arg-type]


def test_a_waiver_is_of_one_change_of_one_tenant(tmp_path: Path) -> None:
    changes, _, _ = two(tmp_path, (CAPS, "per_day: 1000", "per_day: 2000"))
    [change] = [c for c in changes if c.rule == "CAP_NOT_LOOSENED"]
    waiver = waiver_of(change)
    assert by_waiver(change, "plain", [waiver]).covered.startswith("waived by Ada Example until 2027-02-01")
    assert not by_waiver(change, "plain", [waiver]).open
    assert by_waiver(change, "other", [waiver]).open, "another tenant is another digest"
    for other in (
        waiver_of(change, subject="policy strikes"),
        waiver_of(change, digest="sha256:" + "0" * 64),
    ):
        assert waived(change, "plain", [other]) is None


def test_what_can_never_be_waived_is_not_even_by_a_line_that_says_so(tmp_path: Path) -> None:
    before, after = document(tmp_path), document(tmp_path / "b")
    after["opt_out"]["en"]["exact"] = ["halt"]
    change = next(c for c in plan(canonical(before), canonical(after)) if c.rule == "OPT_OUT_NOT_WEAKENED")
    assert change.direction == "loosened"
    assert waived(change, "plain", [waiver_of(change)]) is None


def test_a_line_signed_for_another_tenant_does_not_hold(tmp_path: Path) -> None:
    changes, _, after = two(tmp_path, (CAPS, "per_day: 1000", "per_day: 2000"))
    [change] = [c for c in changes if c.rule == "CAP_NOT_LOOSENED"]
    people = enrolment_of(after.sections["tenant"])[0].people
    like = after.sections["tenant"]
    rest: Any = {"tenant": "plain", "today": f"{TODAY}", "people": people, "wrote_it": wrote_it}
    good, wrong = judge([signed(line_for(change), like)], **rest)
    assert (len(good), wrong) == (1, [])
    wrongly = signed(line_for(change), like, tenant="other")
    assert [d.code for d in judge([wrongly], **rest)[1]] == ["CV7003"]
