"""A plan tells what a pack asks less of its tenants, even where each of them asks more of itself and nothing of it moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.pipeline import compile_tenant, source_of
from compiler.plan import Change, plan
from compiler.plan.places import located
from tests.compiling import TODAY, lay_out

PACK, FLOOR, CHECKLIST = "_packs/all/pack.yaml", "_packs/all/consent.yaml", "_packs/all/checklist.yaml"
ASKS = """
statuses: [fca]
retention_days: {messages: 10, complaints: 20}
required_for: {roles: [law_firm], channels: [email], unless: [other]}
fee_caps:
  effective: 2022-03-01
  source: [LAW-1]
  bands:
    - {from_pounds: 1, to_pounds: 99, percent: 30, max_pence: 2000}
    - {from_pounds: 100, percent: 20, max_pence: 9000}
"""
ITEM = """
- {id: GL-01, gate: signoff, item: Sign., evidence: A record., signer: operations, max_age_days: 9, people: 2, bound: true}
"""
EMPTY = "title: T\nsays: S\nduties: []\nguardrails: []\ndomains: []\n"


def tenants(root: Path, *edits: tuple[str, str, str]) -> Path:
    """The base with a pack that limits everything a pack can, and a tenant that sets itself stricter limits."""
    root.parent.mkdir(exist_ok=True)
    lay_out(root)
    with (root / PACK).open("a") as file:
        file.write(ASKS)
    for name in ("other", "more"):
        (root / "_packs" / name).mkdir()
        (root / "_packs" / name / "pack.yaml").write_text(f"id: {name}\n{EMPTY}")
    (root / CHECKLIST).write_text(ITEM)
    own = root / "plain/consent.yaml"
    own.write_text("strikes: 1\nmin_gap_hours: 100\n" + own.read_text())
    for name, old, new in edits:
        text = (root / name).read_text()
        assert old in text, (name, old)
        (root / name).write_text(text.replace(old, new, 1))
    return root


def planned(tmp_path: Path, *edits: tuple[str, str, str]) -> list[Change]:
    old, new = tenants(tmp_path / "old"), tenants(tmp_path / "new", *edits)
    before, after = (compile_tenant(root / "plain", TODAY).bundle for root in (old, new))
    return [change for change in plan(before, after) if not change.indirect]


@pytest.mark.parametrize(
    ("file", "old", "new", "what", "direction"),
    [
        (FLOOR, "strikes: 3", "strikes: 4", "consent strikes", "loosened"),
        (FLOOR, "strikes: 3", "strikes: 2", "consent strikes", "tightened"),
        (FLOOR, "min_gap_hours: 24\n", "", "consent min_gap_hours", "loosened"),
        (PACK, "statuses: [fca]", "statuses: [fca, fos]", "statuses fos added", "loosened"),
        (PACK, "statuses: [fca]", "statuses: []", "statuses fca removed", "tightened"),
        (PACK, "percent: 30", "percent: 31", "fee_caps bands 1 percent", "loosened"),
        (PACK, "max_pence: 9000", "max_pence: 8000", "fee_caps bands 100 max_pence", "tightened"),
        (PACK, ASKS[ASKS.index("fee_caps") :], "", "fee_caps", "loosened"),
        (
            PACK,
            "guardrails: [no-amounts, opt-out]",
            "guardrails: [opt-out]",
            "guardrails no-amounts removed",
            "loosened",
        ),
        (PACK, "roles: [law_firm]", "roles: [introducer]", "required_for roles law_firm removed", "loosened"),
        (PACK, "unless: [other]", "unless: [more, other]", "required_for unless more added", "loosened"),
    ],
)
def test_what_a_pack_asks_has_its_direction_though_no_tenant_moves(
    tmp_path: Path, file: str, old: str, new: str, what: str, direction: str
) -> None:
    found = [change for change in planned(tmp_path, (file, old, new)) if change.kind == "pack"]
    told = [(change.id, change.what, change.direction) for change in found]
    assert ("all", what, direction) in told
    rule = {"loosened": "PACK_FLOOR_NOT_LOWERED", "tightened": "PACK_FLOOR_RAISED"}[direction]
    assert rule in {change.rule for change in found}
    places = located(found[0], source_of(tmp_path / "old", "plain"), source_of(tmp_path / "new", "plain"))[1:]
    assert {place.file for place in places if place is not None} == {file}


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ("people: 2, ", "", "loosened"),
        ("people: 2", "people: 3", "tightened"),
        ("bound: true", "bound: false", "loosened"),
        (", bound: true", "", "loosened"),
    ],
)
def test_fewer_signatures_for_going_live_are_looser(
    tmp_path: Path, old: str, new: str, direction: str
) -> None:
    [change] = planned(tmp_path, (CHECKLIST, old, new))
    assert (change.kind, change.id, change.direction) == ("go-live item", "GL-01", direction)
    assert change.rule == ("GO_LIVE_NOT_EASIER" if direction == "loosened" else "GO_LIVE_STRICTER")


def test_what_moves_the_tenant_too_is_told_once_and_of_the_tenant(tmp_path: Path) -> None:
    [change] = planned(tmp_path / "a", (FLOOR, "window_hours: 24", "window_hours: 23"))
    assert (change.kind, change.rule) == ("policy", "CONSENT_STRENGTHENED")


def test_a_pack_that_is_dropped_is_told_of_the_tenant(tmp_path: Path) -> None:
    took = tenants(tmp_path / "took", ("plain/tenant.yaml", "packs: [all]", "packs: [all, more]"))
    without = compile_tenant(tenants(tmp_path / "without") / "plain", TODAY).bundle
    [change] = plan(compile_tenant(took / "plain", TODAY).bundle, without)
    assert (change.kind, change.rule) == ("tenant", "PACK_DROPPED")
