"""Six hostile people over both tenants, on every rung; and a play that is told when something is broken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drills.facts.run import facts, untraced
from drills.facts.spoken import of_report
from drills.played_bundle import bundle_to_play
from drills.plays import run
from drills.plays.checks import CHECKS
from drills.plays.people import parts_for
from drills.plays.run import PRIMARY, REGISTER, personas
from drills.plays.values import Part
from drills.sandbox.models_wire import Asked
from runtime.engine.questionnaire import QUESTIONS
from schemas.bundle import Bundle

TODAY = date(2026, 11, 24)
TENANTS = ("dynamo-dave", "edward-energy")


@pytest.mark.parametrize("tenant", TENANTS)
def test_every_person_comes_away_unharmed_and_every_sentence_is_traced(tenant: str) -> None:
    report = personas(Path("tenants") / tenant, today=TODAY, rungs=(REGISTER, PRIMARY))
    bundle = Bundle.decode(bundle_to_play(Path("tenants") / tenant, today=TODAY).bundle)
    found = facts(of_report(report, bundle))

    assert {row.id: row.faults for row in report.missed} == {}
    assert len(report.rows) == 2 * len(parts_for(tenant, CHECKS))
    assert len(found) > 20
    assert untraced(found) == 0


def only(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(tenant: str, known: Collection[str]) -> tuple[Part, ...]:
        return tuple(part for part in parts_for(tenant, known) if part.id == name)

    monkeypatch.setattr(run, "parts_for", chosen)


def test_a_play_tells_that_holds_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    only("vulnerable-vera", monkeypatch)
    monkeypatch.setattr("runtime.engine.turn.standing_effects", lambda scene: ())
    [row] = personas(Path("tenants/dynamo-dave"), today=TODAY).rows

    assert any("hold_set" in fault for fault in row.faults)


def test_a_model_that_promises_money_is_stopped_and_a_play_tells_when_nothing_stops_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only("confused-carol", monkeypatch)
    monkeypatch.setattr("drills.plays.minds.SAYS", "I guarantee you'll get £5,000.")
    monkeypatch.setattr("drills.plays.minds.checked", obliging)
    [stopped] = personas(Path("tenants/dynamo-dave"), today=TODAY, rungs=(PRIMARY,)).rows
    monkeypatch.setattr("runtime.engine.settle.review", lambda reply: ())
    [through] = personas(Path("tenants/dynamo-dave"), today=TODAY, rungs=(PRIMARY,)).rows

    assert not any("nothing_prohibited" in fault for fault in stopped.faults)
    assert not any("5,000" in said.text for said in stopped.transcript if said.who == "bot")
    assert any("nothing_prohibited" in fault for fault in through.faults)


def obliging(asked: Asked) -> Mapping[str, Any]:
    """A checker that finds nothing wrong with anything."""
    wanted = asked.schema["properties"]["sentences"]["minItems"]
    return {"sentences": [{q.id: q.must_be for q in QUESTIONS}] * wanted}
