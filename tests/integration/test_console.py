"""What an operator's commands do and answer, without the printing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from runtime.console import Console, Enabling, way_back
from runtime.errors import PointerMoved
from runtime.settings import Settings
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants, TenantUnknown
from runtime.storage.wake import PgWake
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import VAULT, bundle_bytes

ADA, BEN = "Ada Example", "Ben Sample"


class Operator(Console):
    """A console that takes bundles as they are: signatures have tests of their own."""

    def _check(self, *given: object) -> None:
        pass


@pytest_asyncio.fixture
async def console(database: Database, clock: ManualClock) -> AsyncIterator[Console]:
    async with (
        Pool(database.url("owner"), role="owner", max_size=4) as owner,
        Pool(database.url("desk"), role="desk", max_size=2) as desk,
        PgWake(database.url("owner")) as wake,
    ):
        yield Operator(
            settings=Settings.from_env({}),
            clock=clock,
            owner=owner,
            desk=desk,
            tenants=Tenants(owner, VAULT),
            wake=wake,
        )


async def publish(console: Console, *wordings: str) -> list[str]:
    return [
        await console.publish("dave", bundle_bytes(wording=w), b"{}", stage="sandbox", by=ADA)
        for w in wordings
    ]


async def activate(console: Console, digest: str, expect: str | None = None) -> int:
    return (await console.activate("dave", "sandbox", digest, expect_active=expect, by=ADA)).serial


async def test_expecting_nothing_in_force_is_refused_when_something_is(console: Console) -> None:
    one, two = await publish(console, "first", "second")
    assert await activate(console, one, "none") == 1
    with pytest.raises(PointerMoved):
        await activate(console, two, "none")
    assert await activate(console, two, one) == 2


async def test_of_two_first_activations_that_saw_nothing_in_force_one_is_refused(console: Console) -> None:
    one, two = await publish(console, "first", "second")
    bundles = console._bundles
    now = console.clock.now()
    await bundles.activate("dave", "sandbox", one, expect_active="none", by=ADA, now=now)
    with pytest.raises(PointerMoved):
        await bundles.activate("dave", "sandbox", two, expect_active="none", by=BEN, now=now)


async def test_a_second_rollback_goes_further_back(console: Console) -> None:
    one, two, three = await publish(console, "first", "second", "third")
    for digest in (one, two, three):
        await activate(console, digest)
    assert [(await console.rollback("dave", "sandbox", by=BEN)).digest for _ in range(2)] == [two, one]


@pytest.mark.parametrize(
    ("oldest_first", "back_to"),
    [("", None), ("A", None), ("AB", "A"), ("ABC", "B"), ("ABCB", "A"), ("ABCBA", None), ("ABAB", "A"), ("ABAC", "A"),
     ("ABACA", None), ("ABCBD", "B"), ("AAB", "A")],
)  # fmt: skip
def test_a_rollback_never_returns_to_what_was_rolled_back_from(
    oldest_first: str, back_to: str | None
) -> None:
    assert way_back(oldest_first[::-1]) == back_to


async def test_a_rollback_of_nobody_says_that_there_is_no_such_tenant(console: Console) -> None:
    with pytest.raises(TenantUnknown):
        await console.rollback("nosuch", "sandbox", by=ADA)


async def test_enabling_says_what_is_stopped_still(console: Console) -> None:
    await publish(console, "first")
    assert await console.enable("dave", by=ADA) == Enabling(state="nothing", still={})
    await console.kill("dave", everything=False, by=ADA, reason="a drill")
    await console.kill("ALL", everything=False, by=BEN, reason="a drill")
    assert await console.enable("dave", by=ADA) == Enabling(state="waiting", still={"dave": ADA, "ALL": BEN})
    assert await console.enable("dave", by=BEN) == Enabling(state="enabled", still={"ALL": BEN})
    assert await console.enable("dave", by=BEN) == Enabling(state="nothing", still={"ALL": BEN})
    await console.enable("ALL", by=ADA)
    assert await console.enable("ALL", by=BEN) == Enabling(state="enabled", still={})
