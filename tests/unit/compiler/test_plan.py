"""A plan names every change by id, says which way it goes, and takes what it does not know for grave."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compiler.pipeline import compile_tenant
from compiler.plan import CLASSES, Change, gravest, plan
from schemas.bundle import canonical
from tests.compiling import TODAY, approve, lay_out


def bundles(tmp_path: Path, file: str, old: str, new: str) -> tuple[bytes, bytes]:
    """The base, and the base with one edit, both approved."""
    root = tmp_path / "tenants"
    lay_out(root)
    before = compile_tenant(root / "plain", TODAY).bundle
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new, 1))
    (root / "plain/approvals.yaml").unlink()
    approve(root, {})
    return before, compile_tenant(root / "plain", TODAY).bundle


def direct(changes: tuple[Change, ...]) -> str:
    """The changes themselves, without what only follows from them, in one line."""
    told = []
    for c in changes:
        if not c.indirect and c.what != "approvals":
            words = [c.klass, c.kind, c.id, c.what if c.what != "changed" else "", c.direction or ""]
            told.append(" ".join(word for word in words if word))
    return "; ".join(told)


def test_nothing_changed_is_no_plan(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    bundle = compile_tenant(root / "plain", TODAY).bundle
    assert plan(bundle, bundle) == ()
    assert gravest(()) is None


def test_the_first_bundle_adds_everything_and_loosens_nothing(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    changes = plan(None, compile_tenant(root / "plain", TODAY).bundle)
    assert {c.op for c in changes if not c.indirect} == {"added"}
    assert {c.direction for c in changes} == {None}
    assert {c.klass for c in changes} == {"NEEDS_APPROVAL", "BEHAVIOUR", "COSMETIC"}
    shown = {(c.kind, c.id) for c in changes}
    assert shown >= {
        ("claim", "PL-D01"),
        ("policy", "spend_pence_per_day"),
        ("policy", "open_minute"),
        ("link", "form"),
    }, shown
    assert "consent basis" in {kind for kind, _ in shown}


def test_a_first_tenant_comes_in_when_all_it_says_is_approved(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    [added] = [
        c for c in plan(None, compile_tenant(root / "plain", TODAY).bundle) if c.rule == "TENANT_ADDED"
    ]
    assert not added.open
    (root / "plain/approvals.yaml").write_text("[]")
    [added] = [
        c for c in plan(None, compile_tenant(root / "plain", TODAY).bundle) if c.rule == "TENANT_ADDED"
    ]
    assert added.open


PRICED = "prices:\n  webchat:\n    reply: 10\nmodels:"
CONSENT, CORE, CAPS = "plain/consent.yaml", "plain/claims/core.yaml", "plain/caps.yaml"
GUARDRAILS, LINKS = "plain/guardrails.yaml", "plain/destinations.yaml"
FLOOR, WORDS = "_packs/all/consent.yaml", "_packs/all/optout/en.yaml"


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (CORE, "an automated", "a robotic", "NEEDS_APPROVAL claim PL-D01 texts en-GB full"),
        (
            CORE,
            "are you a robot",
            "are you real",
            "NEEDS_APPROVAL claim PL-D01 questions are you a robot removed; "
            "NEEDS_APPROVAL claim PL-D01 questions are you real added",
        ),
        (
            CORE,
            "[Already,",
            "[Done,",
            "NEEDS_APPROVAL claim PL-Q01 options Already removed; NEEDS_APPROVAL claim PL-Q01 options Done added",
        ),
        (CONSENT, "per_30_days: 3", "per_30_days: 2", "BEHAVIOUR policy proactive_per_30_days tightened"),
        (CONSENT, "20:00", "18:00", "BEHAVIOUR policy close_minute tightened"),
        (CONSENT, "[sunday]", "[saturday, sunday]", "BEHAVIOUR policy quiet_weekdays 6 added tightened"),
        (FLOOR, "strikes: 3", "strikes: 4", "BREAKING policy strikes loosened"),
        (FLOOR, "min_gap_hours: 24", "min_gap_hours: 12", "BREAKING policy min_gap_hours loosened"),
        (CAPS, "per_day: 1000", "per_day: 2000", "BREAKING policy spend_pence_per_day loosened"),
        (CAPS, "models:", PRICED, "BREAKING policy prices webchat reply loosened"),
        (GUARDRAILS, "opt-out]", "opt-out, links]", "BEHAVIOUR guardrail links added tightened"),
        (GUARDRAILS, "[agent]", "[human]", "BREAKING hand-off word agent removed loosened"),
        (
            WORDS,
            "exact: [stop]",
            "exact: [stop, end]",
            "BEHAVIOUR opt-out words en exact end added tightened",
        ),
        (WORDS, "[don't stop]", "[don't stop, bus]", "BREAKING opt-out words en unless bus added loosened"),
        (LINKS, "claim?ref", "form?ref", "NEEDS_APPROVAL link form url"),
        ("plain/tenant.yaml", "#0b5c5f", "#0b5c5e", "COSMETIC tenant plain accent light"),
        ("plain/persona.yaml", "max_chars: 320", "max_chars: 300", "BEHAVIOUR persona plain max_chars"),
        (
            "_packs/all/signals/care.yaml",
            "after: 2",
            "after: 1",
            "BEHAVIOUR category confusion after tightened",
        ),
    ],
)
def test_each_change_has_its_class_and_direction(
    tmp_path: Path, file: str, old: str, new: str, expected: str
) -> None:
    assert direct(plan(*bundles(tmp_path, file, old, new))) == expected


def edited(tmp_path: Path, edit: Callable[[dict[str, Any]], None]) -> tuple[bytes, bytes]:
    """A bundle and the same with one edit, as it would come from an edited folder."""
    root = tmp_path / "tenants"
    lay_out(root)
    before = compile_tenant(root / "plain", TODAY).bundle
    document = json.loads(before)
    edit(document)
    return before, canonical(document)


@pytest.mark.parametrize(
    ("edit", "loosened"),
    [
        (lambda b: b["links"][0]["requires"].remove("PL-D03"), "BREAKING link form requires PL-D03 removed"),
        (lambda b: b["links"][0]["answers"].popitem(), "BREAKING link form answers PL-Q01 removed"),
        (lambda b: b["prohibited"].pop(), "BREAKING prohibited ALL-X01 removed"),
        (lambda b: b["categories"][0].update(page=False), "BREAKING category danger_now page"),
        (lambda b: b["categories"][0].update(hold=False), "BREAKING category danger_now hold"),
        (lambda b: b["categories"][0].update(priority=3), "BREAKING category danger_now priority"),
        (lambda b: b["prohibited"][0]["match"].pop(), "BREAKING prohibited ALL-X01 match"),
        (lambda b: b["prohibited"][0]["allow"].append("x"), "BREAKING prohibited ALL-X01 allow x added"),
        (lambda b: b["categories"][0]["patterns"].pop(), "BREAKING category danger_now patterns"),
        (lambda b: b["consent_bases"][0]["evidence"].remove("who"), "BREAKING consent basis "),
        (lambda b: b["consent_bases"][0]["channels"].append("email"), "BREAKING consent basis "),
        (lambda b: b["policy"].update(open_minute=60), "BREAKING policy open_minute"),
        (lambda b: b["policy"].update(spend_pence_per_day=10**6), "BREAKING policy spend_pence_per_day"),
    ],
)
def test_what_lets_more_through_is_loosened_and_its_undoing_tightened(
    tmp_path: Path, edit: Callable[[dict[str, Any]], None], loosened: str
) -> None:
    before, after = edited(tmp_path, edit)
    [there] = [c for c in plan(before, after) if not c.indirect]
    assert direct((there,)).startswith(loosened)
    assert there.direction == "loosened"
    [back] = [c for c in plan(after, before) if not c.indirect]
    assert back.direction == "tightened"
    assert back.klass != "BREAKING"


@pytest.mark.parametrize(
    "edit",
    [
        lambda b: b["categories"][0].update(reply="PL-D02"),
        lambda b: b["categories"][0]["patterns"][0].update(match="danger of death"),
        lambda b: b["categories"][0]["patterns"][0].update(unless=["danger money"]),
        lambda b: b["categories"][0].update(case="other"),
    ],
)
def test_of_a_danger_signal_what_has_no_direction_counts_as_looser(
    tmp_path: Path, edit: Callable[[dict[str, Any]], None]
) -> None:
    before, after = edited(tmp_path, edit)
    assert json.loads(before)["categories"][0]["id"] == "danger_now"
    [there] = [c for c in plan(before, after) if not c.indirect]
    assert (there.klass, there.rule) == ("BREAKING", "SAFETY_SIGNAL_NOT_LOOSENED")


def test_who_is_called_in_an_emergency_is_for_somebody_to_decide(tmp_path: Path) -> None:
    before, after = edited(tmp_path, lambda b: b["escalation"].update(page="desk"))
    [there] = [c for c in plan(before, after) if not c.indirect]
    assert (there.klass, there.rule, there.open) == ("NEEDS_APPROVAL", "ESCALATION_CHANGED", True)


def test_a_consent_basis_dropped_or_added_is_loosened(tmp_path: Path) -> None:
    before, after = edited(tmp_path, lambda b: b["consent_bases"].pop())
    for base, head, what in ((before, after, "removed"), (after, before, "added")):
        [there] = plan(base, head)
        assert (there.klass, there.kind, there.what) == ("BREAKING", "consent basis", what)
        assert there.direction == "loosened"


def test_a_tightened_send_table_reads_as_loosened_the_other_way(tmp_path: Path) -> None:
    silent = "\nopt_out:\n  scope: tenant\n  confirmations: 0\n  resubscribe: fresh_consent\n"
    before, after = bundles(tmp_path, CONSENT, "per_30_days: 3", "per_30_days: 3" + silent)
    assert {(c.klass, c.kind, c.direction) for c in plan(before, after)} == {
        ("BEHAVIOUR", "send table", "tightened"),
        ("BEHAVIOUR", "consent rules", "tightened"),
    }
    assert {(c.klass, c.kind, c.direction) for c in plan(after, before)} == {
        ("BREAKING", "send table", "loosened"),
        ("BREAKING", "consent rules", "loosened"),
    }


def test_what_cites_a_changed_claim_is_affected_indirectly(tmp_path: Path) -> None:
    before, after = bundles(tmp_path, CORE, "says: You don't need us. The", "says: You do not need us. The")
    indirect = {(c.kind, c.id, c.what) for c in plan(before, after) if c.indirect}
    assert indirect == {
        ("claim", "PL-P01", "through PL-D03"),
        ("link", "form", "through PL-D03"),
        ("quick reply", "free-way", "through PL-D03"),
    }


def test_the_gravest_change_comes_first(tmp_path: Path) -> None:
    changes = plan(*bundles(tmp_path, "plain/guardrails.yaml", "[agent]", "[person]"))
    assert [c.klass for c in changes] == sorted((c.klass for c in changes), key=CLASSES.index)
    assert gravest(changes) == "BREAKING"


def test_a_removed_claim_is_breaking(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    extra = root / "plain/claims/extra.yaml"
    one = (root / CORE).read_text().split("\n\n")[1]
    extra.write_text(one.replace("PL-D02", "PL-F01"))
    (root / "plain/approvals.yaml").unlink()
    approve(root, {})
    before = compile_tenant(root / "plain", TODAY).bundle
    extra.unlink()
    (root / "plain/approvals.yaml").unlink()
    approve(root, {})
    after = compile_tenant(root / "plain", TODAY).bundle
    assert direct(plan(before, after)) == "BREAKING claim PL-F01 removed"
