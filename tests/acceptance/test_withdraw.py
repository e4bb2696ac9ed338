"""`convo withdraw` as an operator types it: shown, asked for, done once, listed for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from drills.devkeys import development_keys
from runtime.embedded import EmbeddedPostgres
from tests.acceptance.convo import TODAY, convo
from tests.conftest import fresh_database

DAVE, CLAIM = "dynamo-dave", "DD-D04"


@pytest.fixture(scope="module")
def env(server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A deployment with Dave's bundle in force in its sandbox."""
    keys = development_keys(tmp_path_factory.mktemp("keys"))
    with fresh_database(server) as database:
        settings = {
            "DATABASE_URL": database.url("owner"),
            "CONVO_DEV": "1",
            "CONVO_DATA": str(tmp_path_factory.mktemp("data")),
            **keys.environment(),
        }
        assert convo("migrate", env=settings).returncode == 0
        done = convo(
            "publish", f"tenants/{DAVE}", "--sign-key", str(keys.signing), "--today", TODAY, env=settings
        )
        assert done.returncode == 0, done.stderr
        assert convo("activate", DAVE, done.stdout.strip(), env=settings).returncode == 0
        yield settings


def test_words_are_shown_then_withdrawn_once_and_listed(env: Mapping[str, str]) -> None:
    why = ("--reason", "the fee changed", "--by", "Ada Example")
    unasked = convo("withdraw", DAVE, CLAIM, *why, env=env)
    assert (unasked.returncode, unasked.stderr) == (
        2,
        "convo: there is no terminal to ask on; --yes says it beforehand\n",
    )
    assert "in force on sandbox" in unasked.stdout
    assert "0 send(s) wait with it" in unasked.stdout
    assert convo("withdraw", DAVE, "--list", env=env).stdout == f"{DAVE}: nothing was withdrawn\n"

    done = convo("withdraw", DAVE, CLAIM, *why, "--yes", env=env)
    assert done.returncode == 0, done.stderr
    digest = next(word for word in done.stdout.split() if word.startswith("sha256:"))
    assert f"{DAVE}: {CLAIM} {digest} may not be said any more" in done.stdout

    again = convo("withdraw", DAVE, digest, *why, "--yes", env=env)
    assert (again.returncode, again.stderr) == (1, f"convo: {digest} is withdrawn already\n")
    listed = convo("withdraw", DAVE, "--list", env=env).stdout
    assert f"{digest}  by Ada Example: the fee changed" in listed


def test_a_claim_that_is_nowhere_in_force_is_not_withdrawn_by_its_id(env: Mapping[str, str]) -> None:
    done = convo("withdraw", DAVE, "DD-D99", "--reason", "a slip", "--yes", env=env)
    assert done.returncode == 1
    assert "no bundle in force of dynamo-dave has a claim DD-D99" in done.stderr
    without_reason = convo("withdraw", DAVE, CLAIM, "--yes", env=env)
    assert (without_reason.returncode, without_reason.stderr) == (
        2,
        "convo: name a claim or a digest, and why: --reason\n",
    )
