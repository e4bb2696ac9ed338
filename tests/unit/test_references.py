"""A secret reference gives its value and never one of our own keys."""

import asyncio
from pathlib import Path

import pytest

from runtime.errors import SecretMissing
from runtime.ports import DatabaseDown
from runtime.references import ASK_AGAIN_S, FRESH_S, References, read_reference
from tests.conftest import ManualClock


class Store:
    """Named secrets, countable and breakable."""

    def __init__(self) -> None:
        self.asked = 0
        self.value = "one"
        self.down = False

    async def named(self, tenant_id: int, name: str) -> str:
        self.asked += 1
        if self.down:
            raise DatabaseDown
        return f"{tenant_id}/{name}/{self.value}"


def _references(store: Store, clock: ManualClock, forbidden: frozenset[str] = frozenset()) -> References:
    env = {"EXAMPLE_TOKEN": "t", "DATABASE_URL": "x", "CONVO_X": "y"}
    return References(named=store.named, env=env, clock=clock, forbidden=forbidden)


async def test_a_named_secret_is_read_once_and_again_when_it_is_old(clock: ManualClock) -> None:
    store = Store()
    references = _references(store, clock)
    assert await references.get(1, "secret:A") == await references.get(1, "secret:A") == "1/A/one"
    assert store.asked == 1
    store.value = "two"
    clock.advance(FRESH_S + 1)
    assert await references.get(1, "secret:A") == "1/A/two"


async def test_one_tenants_secret_is_not_anothers(clock: ManualClock) -> None:
    references = _references(Store(), clock)
    assert await references.get(1, "secret:A") != await references.get(2, "secret:A")


async def test_an_outage_does_not_take_away_what_was_known(clock: ManualClock) -> None:
    store = Store()
    references = _references(store, clock)
    await references.get(1, "secret:A")
    store.down = True
    clock.advance(FRESH_S + 1)
    assert await references.get(1, "secret:A") == "1/A/one"
    with pytest.raises(DatabaseDown):
        await references.get(1, "secret:B")


@pytest.mark.parametrize(
    "reference", ["env:DATABASE_URL", "env:CONVO_X", "env:NOWHERE", "plain", "file:/nonexistent"]
)
async def test_what_is_ours_or_absent_is_missing(clock: ManualClock, reference: str) -> None:
    with pytest.raises(SecretMissing):
        await _references(Store(), clock).get(1, reference)


async def test_our_key_files_are_out_of_reach_by_any_path(clock: ManualClock, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "master.key", tmp_path / "token"
    ours.write_text("master")
    theirs.write_text("token\n")
    link = tmp_path / "link"
    link.symlink_to(ours)
    references = _references(Store(), clock, forbidden=frozenset({f"file:{ours}"}))
    assert await references.get(1, f"file:{theirs}") == "token"
    for path in (ours, link, tmp_path / ".." / tmp_path.name / "master.key"):
        with pytest.raises(SecretMissing):
            await references.get(1, f"file:{path}")


def test_our_own_references_are_read_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("pem")
    assert read_reference(f"file:{tmp_path / 'key'}", {}) == "pem"
    assert read_reference("env:KEY", {"KEY": "pem"}) == "pem"
    with pytest.raises(SecretMissing):
        read_reference("KEY", {"KEY": "pem"})


async def test_a_database_that_does_not_answer_is_away_and_not_asked_at_every_webhook(
    clock: ManualClock,
) -> None:
    store = Store()
    never = asyncio.Event()

    async def named(tenant_id: int, name: str) -> str:
        if store.down:
            store.asked += 1
            await never.wait()
        return await store.named(tenant_id, name)

    references = References(named=named, env={}, clock=clock, within_s=0.01)
    await references.get(1, "secret:A")
    store.down, store.asked = True, 0
    clock.advance(FRESH_S + 1)

    assert await references.get(1, "secret:A") == "1/A/one"
    assert await references.get(1, "secret:A") == "1/A/one"
    assert store.asked == 1
    with pytest.raises(DatabaseDown):
        await references.get(1, "secret:B")
    store.down = False
    clock.advance(ASK_AGAIN_S + 0.1)
    store.value = "two"
    assert await references.get(1, "secret:A") == "1/A/two"
