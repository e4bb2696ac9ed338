"""`activate --plan`: what a plan led to goes in force, and only on what the plan was made against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import copytree

import pytest

from drills.devkeys import DevKeys, development_keys
from runtime.embedded import EmbeddedPostgres
from tests.acceptance.convo import TODAY, convo
from tests.conftest import fresh_database

DAVE = "dynamo-dave"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> DevKeys:
    return development_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def env(
    server: EmbeddedPostgres, keys: DevKeys, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """One deployment for all: each test puts in force what it begins with."""
    with fresh_database(server) as database:
        settings = {
            "DATABASE_URL": database.url("owner"),
            "CONVO_DEV": "1",
            "CONVO_DATA": str(tmp_path_factory.mktemp("data")),
            **keys.environment(),
        }
        assert convo("migrate", env=settings).returncode == 0
        yield settings


def folder(tmp_path: Path, name: str, pence: int) -> Path:
    """The shipped tenants with another cap a day."""
    root = tmp_path / name
    copytree("tenants", root)
    caps = root / DAVE / "caps.yaml"
    caps.write_text(caps.read_text().replace("per_day: 2000", f"per_day: {pence}"))
    return root


def published(root: Path, keys: DevKeys, env: Mapping[str, str]) -> str:
    done = convo("publish", f"{root}/{DAVE}", "--sign-key", str(keys.signing), "--today", TODAY, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_plan_is_activated_once_and_refused_when_the_base_moved(
    tmp_path: Path, keys: DevKeys, env: Mapping[str, str]
) -> None:
    old, new = folder(tmp_path, "old", 1900), folder(tmp_path, "new", 1800)
    before, after = published(old, keys, env), published(new, keys, env)
    assert convo("activate", DAVE, before, env=env).returncode == 0
    saved = tmp_path / "plan.json"
    planned = convo("diff", str(old), str(new), "--out", str(saved), "--today", TODAY)
    assert planned.returncode == 3, planned.stdout

    done = convo("activate", DAVE, "--plan", str(saved), env=env)
    assert done.returncode == 0, done.stderr
    assert after in done.stdout
    again = convo("activate", DAVE, "--plan", str(saved), env=env)
    assert again.returncode == 1
    assert f"{DAVE}/sandbox is no longer at {before}" in again.stderr
    assert "nothing was activated" in again.stderr
    assert after in convo("status", env=env).stdout


def test_a_plan_that_nobody_let_through_puts_nothing_in_force(
    tmp_path: Path, keys: DevKeys, env: Mapping[str, str]
) -> None:
    old, new = folder(tmp_path, "old", 1900), folder(tmp_path, "new", 999999)
    before = published(old, keys, env)
    after = published(new, keys, env)
    assert convo("activate", DAVE, before, env=env).returncode == 0
    saved = tmp_path / "plan.json"
    planned = convo("diff", str(old), str(new), "--out", str(saved), "--today", TODAY)
    assert planned.returncode == 4, planned.stdout

    done = convo("activate", DAVE, "--plan", str(saved), env=env)
    assert done.returncode == 1
    assert "spend_pence_per_day`" in done.stderr
    assert "nothing was activated" in done.stderr
    assert before in convo("status", env=env).stdout
    by_hand = convo("activate", DAVE, after, "--expect-active", before, env=env)
    assert by_hand.returncode == 0, by_hand.stderr


def test_a_plan_that_says_nothing_of_the_tenant_is_no_plan_for_it(tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    assert convo("diff", "tenants", "tenants", "--out", str(saved), "--today", TODAY).returncode == 0
    done = convo("activate", "nobody", "--plan", str(saved))
    assert (done.returncode, done.stderr) == (2, f"convo: {saved} leads to no bundle of nobody\n")
    both = convo("activate", DAVE, "sha256:" + "0" * 64, "--plan", str(saved))
    assert both.returncode == 2
