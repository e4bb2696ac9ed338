"""Six hostile people over both tenants, on every rung; and a play that is told when something is broken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from commands import UsageProblem, plays
from drills.facts.run import facts, untraced
from drills.facts.spoken import of_report
from drills.played_bundle import bundle_to_play
from drills.plays import configured, run
from drills.plays.checks import CHECKS
from drills.plays.configured import personas_with_models
from drills.plays.people import parts_for
from drills.plays.run import PRIMARY, REGISTER, personas
from drills.plays.values import Line, Part
from drills.reports import Report, Row, Said, keep
from drills.sandbox.brain import Sensible
from drills.sandbox.models import Brain, model_server
from drills.sandbox.models_wire import Asked
from runtime.engine.questionnaire import QUESTIONS
from schemas.bundle import Bundle

TODAY = date(2026, 11, 24)
TENANTS = ("dynamo-dave", "edward-energy")
ASKED = "How does commission on car finance work?"


@pytest.mark.parametrize("tenant", TENANTS)
def test_every_person_comes_away_unharmed_and_every_sentence_is_traced(tenant: str) -> None:
    report = personas(Path("tenants") / tenant, today=TODAY, rungs=(REGISTER, PRIMARY))
    bundle = Bundle.decode(bundle_to_play(Path("tenants") / tenant, today=TODAY).bundle)
    found = facts(of_report(report, bundle))

    assert {row.id: row.faults for row in report.missed} == {}
    assert len(report.rows) == 2 * len(parts_for(tenant, CHECKS))
    assert len(found) > 20
    assert untraced(found) == 0


def only(name: str, monkeypatch: pytest.MonkeyPatch, *, says: str = "") -> None:
    """This part alone; with `says`, of this one line."""

    def chosen(tenant: str, known: Collection[str]) -> tuple[Part, ...]:
        parts = [part for part in parts_for(tenant, known) if part.id == name]
        return tuple(replace(part, lines=(Line(said=(says,)),)) if says else part for part in parts)

    monkeypatch.setattr(run, "parts_for", chosen)
    monkeypatch.setattr(configured, "parts_for", chosen)


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


# ---- with the models that are configured ------------------------------------------------------------------------------------


def with_models(brain: Brain) -> tuple[Report, int]:
    """Dave's report with every provider played by this brain, and how often one was asked."""

    async def play() -> tuple[Report, int]:
        async with model_server(brain=brain) as providers:
            env = {f"CONVO_{p.upper()}_URL": providers.url_of(p) for p in ("anthropic", "openai", "gemini")}
            env |= {f"{p}_API_KEY": "sk-EXAMPLE" for p in ("ANTHROPIC", "OPENAI", "GEMINI")}
            env["DATABASE_URL"] = "postgresql://nobody@127.0.0.1/none"
            report = await asyncio.to_thread(
                personas_with_models, Path("tenants/dynamo-dave"), today=TODAY, environment=env
            )
            return report, len(providers.requests)

    return asyncio.run(play())


def test_configured_models_play_over_http_and_every_hard_check_holds_three_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only("time-waster-tim", monkeypatch, says=ASKED)
    report, asked = with_models(Sensible())
    [row] = report.rows

    assert (report.kind, report.notes["runs"], row.id) == ("personas-models", "3", "time-waster-tim/models")
    assert asked >= 3
    assert not any(
        check in fault for fault in row.faults for check in ("nothing_prohibited", "no_link", "all_facts")
    )
    assert any(said.who == "bot" for said in row.transcript)


def test_a_configured_model_that_promises_is_told_in_every_run_when_nothing_stops_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only("time-waster-tim", monkeypatch, says=ASKED)
    monkeypatch.setattr("runtime.engine.settle.review", lambda reply: ())
    report, _ = with_models(promising)
    told = [fault for fault in report.rows[0].faults if "nothing_prohibited" in fault]

    assert {fault[: len("run 1")] for fault in told} == {"run 1", "run 2", "run 3"}


def promising(asked: Asked) -> Mapping[str, Any]:
    """A model that promises money, and a checker that finds nothing wrong with it."""
    if "sentences" in asked.schema["properties"]:
        return obliging(asked)
    return {"moves": [{"say": "I guarantee you'll get £5,000."}], "language": "en-GB"}


def test_without_a_key_nobody_can_be_asked_and_a_rung_is_not_named_with_models(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageProblem, match="no model can be asked"):
        plays.personas("dynamo-dave", model=True, kept=tmp_path)
    with pytest.raises(UsageProblem, match="leave out --rung"):
        plays.personas("dynamo-dave", model=True, rung="primary", kept=tmp_path)


# ---- every sentence, and the list before ------------------------------------------------------------------------------------


def test_a_list_of_facts_says_what_differs_from_the_list_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = Bundle.decode(bundle_to_play(Path("tenants/dynamo-dave"), today=TODAY).bundle)
    true = said(bundle.claims["DD-F01"].texts["en-GB"]["full"], "DD-F01")
    made_up = said("You will get £900.", "DD-F01")

    def listed(*sentences: Said) -> tuple[int, str]:
        row = Row(id="a", group="p", strategy="s", ok=True, expected={}, got={}, transcript=sentences)
        keep(
            Report(
                kind="personas",
                tenant="dynamo-dave",
                digest=bundle.digest,
                seed=0,
                played_at=true.at,
                rows=(row,),
            ),
            tmp_path,
        )
        code = plays.facts("dynamo-dave", None, kept=tmp_path, today=true.at)
        return code, capsys.readouterr().out

    first, again, worse, better = listed(true), listed(true), listed(true, made_up), listed(true)

    assert (first[0], "as the run before" in first[1]) == (0, False)
    assert (again[0], "as the run before" in again[1]) == (0, True)
    assert (worse[0], "newly failing: UNTRACED/" in worse[1]) == (1, True)
    assert (better[0], "not said any more: UNTRACED/" in better[1]) == (0, True)
    kept = json.loads((tmp_path / "facts-dynamo-dave.json").read_text())
    assert [row["strategy"] for row in kept["rows"]] == ["traced"]


def said(text: str, claim: str) -> Said:
    return Said(who="bot", text=text, at=datetime(2026, 11, 24, 10, 30, tzinfo=UTC), claims=(claim,))
