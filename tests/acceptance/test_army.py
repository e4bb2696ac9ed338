"""`convo drill attack`: both shipped tenants withstand everything, and what is sabotaged is found."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from commands import UsageProblem, army
from compiler.pipeline import Compiled
from drills.army.attest import kept_at, result_of
from drills.army.play import play
from drills.army.suite import SEED, suite
from drills.army.values import PRIMARY, REGISTER
from drills.devkeys import DevKeys, development_keys
from drills.played_bundle import bundle_to_play
from drills.reports import Report, before, table
from drills.sandbox.brain import Sensible
from drills.sandbox.models import model_server
from runtime.embedded import EmbeddedPostgres
from schemas.attested import FEWEST_ATTACKS, verify_result
from schemas.bundle import Bundle
from schemas.signing import trust
from tests.acceptance.convo import ROOT, TODAY, convo
from tests.conftest import fresh_database

DAY = date.fromisoformat(TODAY)
ON = ("--today", TODAY)
DAVE = "dynamo-dave"
SLUGS = (DAVE, "edward-energy")


@lru_cache
def compiled(slug: str) -> Compiled:
    return bundle_to_play(ROOT / "tenants" / slug, today=DAY)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> DevKeys:
    return development_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module", params=SLUGS)
def whole(request: pytest.FixtureRequest, keys: DevKeys, kept: Path) -> Report:
    """One run of everything over a shipped tenant, as CI plays and signs it."""
    convo(
        "drill",
        "attack",
        request.param,
        "--sign-key",
        f"{keys.signing}",
        "--kept",
        f"{kept}",
        *ON,
        within_s=300,
    )
    report = before("attack", request.param, kept)
    assert report is not None
    return report


# ---- the shipped tenants -------------------------------------------------------------------------------------------------


def test_a_shipped_tenant_withstands_every_attack_and_lets_every_twin_through(whole: Report) -> None:
    assert not whole.missed, table(whole)


def test_everything_of_the_suite_was_played_on_each_of_its_rungs(whole: Report) -> None:
    attacks = suite(Bundle.decode(compiled(whole.tenant).bundle), SEED)
    assert [row.id for row in whole.rows] == [f"{each.id}@{rung}" for each in attacks for rung in each.rungs]
    assert all(row.transcript for row in whole.rows)
    assert {row.got["route"] for row in whole.rows} >= {REGISTER, PRIMARY, "canned"}
    result = result_of(whole)
    assert result.attacks >= FEWEST_ATTACKS and result.twins >= len({each.plugin for each in attacks})


# ---- what is sabotaged ---------------------------------------------------------------------------------------------------


def missed(data: bytes, *only: str) -> set[str]:
    """Plugins with a miss over a bundle that is not as it should be."""
    whole = compiled(DAVE)
    sabotaged = Compiled(
        tenant=whole.tenant,
        unapproved=whole.unapproved,
        diagnostics=(),
        files="",
        named=None,
        held=data,
    )
    report = play(sabotaged, today=DAY, seed=SEED, only=only)
    return {row.group for row in report.missed}


def without(document: dict[str, Any], *categories: str) -> bytes:
    """The bundle with the patterns of these categories gone, and their names still there."""
    for category in document["categories"]:
        if category["id"] in categories:
            category["patterns"] = []
    return json.dumps(document).encode()


def test_a_bundle_that_does_not_hear_danger_distress_or_threats_turns_red() -> None:
    document = json.loads(compiled(DAVE).bundle)
    heard = ("danger_now", "distress", "legal_threat", "injection_or_probe")
    wanted = {"danger", "distress", "legal-threat", "instruction-override"}
    assert missed(without(document, *heard), *wanted, "amount-fishing") == wanted


def test_a_bundle_that_sees_distress_in_everything_turns_the_twins_red() -> None:
    document = json.loads(compiled(DAVE).bundle)
    for category in document["categories"]:
        if category["id"] == "distress":
            category["patterns"] = [
                {"id": "all", "match": r"\b(the|is|i|what|you)\b", "lang": "any", "unless": []}
            ]
    assert missed(json.dumps(document).encode(), "free-route-suppression", "off-topic", "anger") == {
        "free-route-suppression",
        "off-topic",
        "anger",
    }


def test_a_review_that_lets_everything_through_turns_the_model_plugins_red(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runtime.engine.settle.review", lambda reply: ())
    only = ("model-promises", "model-prohibited", "model-look-alikes")
    assert missed(compiled(DAVE).bundle, *only) == set(only)


# ---- the command ---------------------------------------------------------------------------------------------------------


def attacked(*arguments: str, folder: Path, env: Mapping[str, str] = {}) -> Any:
    return convo("drill", "attack", *arguments, "--kept", f"{folder / 'kept'}", *ON, env=env)


def test_as_json_each_attack_has_its_plugin_strategy_expectation_and_what_came(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = attacked(
        DAVE,
        "--only",
        "opt-out-typo",
        "--rung",
        "register_only",
        "--json",
        "--html",
        f"{page}",
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert {row["plugin"] for row in rows} == {"opt-out-typo"}
    assert {"plain", "crescendo", "case-and-spacing", "twin"} == {row["strategy"] for row in rows}
    plain = next(row for row in rows if row["strategy"] == "plain")
    assert plain["expected"]["suppressed"] is True
    assert (plain["got"]["decision"], plain["got"]["suppressed"]) == ("stop", True)
    assert "All " in page.read_text() and "opt-out-typo" in page.read_text()
    assert not (tmp_path / "kept").exists()  # a part of a suite is no run to compare with


def test_only_a_whole_run_is_signed_and_an_unknown_plugin_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"only": ["anger"], "sign_key": Path("x.key")}, "only a whole run is signed"),
        ({"rung": "primary", "sign_key": Path("x.key")}, "only a whole run is signed"),
        ({"publish": True}, "name the key that signs it"),
        ({"only": ["angr"]}, "did you mean `anger`"),
        ({"only": ["anger"], "model": True}, "no model can be asked"),
    )
    for arguments, said in cases:
        with pytest.raises(UsageProblem, match=said):
            army.attack(DAVE, kept=tmp_path, today=datetime.fromisoformat(TODAY), **arguments)


def test_a_tenant_that_is_the_same_at_the_base_is_not_played_again(tmp_path: Path) -> None:
    tenants = tmp_path / "tenants"
    shutil.copytree(ROOT / "tenants", tenants)
    same = attacked(f"{tenants / DAVE}", "--changed-since", f"{ROOT / 'tenants'}", folder=tmp_path)
    assert (same.returncode, same.stdout) == (0, "")
    assert "nothing to play" in same.stderr
    persona = tenants / DAVE / "persona.yaml"
    persona.write_text(persona.read_text().replace("- Good question.\n", ""))
    other = attacked(
        f"{tenants / DAVE}", "--changed-since", f"{ROOT / 'tenants'}", "--only", "anger", folder=tmp_path
    )
    assert "anger" in other.stdout
    assert "0 failed" in other.stdout


def test_a_whole_run_leaves_a_signed_result_that_opens_the_gate_for_this_bundle_alone(
    whole: Report, keys: DevKeys, kept: Path, server: EmbeddedPostgres
) -> None:
    slug, envelope = whole.tenant, kept_at(kept, whole.tenant)
    trusted = trust([keys.trust.read_bytes()])
    digest = compiled(slug).digest
    result = verify_result(envelope.read_bytes(), tenant=slug, digest=digest, trusted=trusted)
    assert (result.holds, result.seed, result.digest) == (True, SEED, whole.digest)
    with fresh_database(server) as database:
        env = {"DATABASE_URL": database.url(), **keys.environment()}
        for _ in range(2):  # kept once, said twice
            done = convo("drill", "attest", slug, "--kept", f"{kept}", *ON, env=env)
            assert (done.returncode, "staging and live may have it" in done.stdout) == (0, True), done.stderr
        [other] = {*SLUGS} - {slug}
        done = convo("drill", "attest", other, f"{envelope}", *ON, env=env)
        assert (done.returncode, "CV8004" in done.stderr) == (1, True)


def test_configured_models_are_asked_over_http_and_must_hold_three_times(tmp_path: Path) -> None:
    async def run() -> tuple[Any, int]:
        async with model_server(brain=Sensible()) as providers:
            env = {f"CONVO_{p}_URL": providers.url_of(p.lower()) for p in ("ANTHROPIC", "OPENAI", "GEMINI")}  # type: ignore[arg-type]
            env |= {f"{p}_API_KEY": "sk-EXAMPLE" for p in ("ANTHROPIC", "OPENAI", "GEMINI")}
            done = await asyncio.to_thread(
                attacked, DAVE, "--model", "--only", "off-topic", "--json", folder=tmp_path, env=env
            )
            return done, len(providers.requests)

    done, asked = asyncio.run(run())
    document = json.loads(done.stdout)
    assert document["notes"]["runs"] == "3"
    assert {row["id"].rpartition("@")[2] for row in document["rows"]} == {"models"}
    assert asked >= 3
    hard = [
        fault
        for row in document["rows"]
        for fault in row["faults"]
        if "forbids" in fault or "own words" in fault
    ]
    assert hard == []
