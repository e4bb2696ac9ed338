"""From a folder of tenants to bundles in force, as `serve --dev` and the demo need it: compile, sign, publish, activate."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from compiler.pipeline import CheckResult, Compiled, check
from compiler.write import SigningKey, sign
from runtime.ports import Activation, Bundles, Clock
from schemas.bundle import Bundle

STAGE = "sandbox"


class CompileRefused(Exception):
    """A tenant has errors; `result` holds every diagnostic."""

    def __init__(self, result: CheckResult) -> None:
        super().__init__(f"{result.errors} error(s) in {result.root}")
        self.result = result


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """One tenant that is in force now."""

    compiled: Compiled
    bundle: Bundle
    activation: Activation


def compile_all(
    tenants: Path, *, today: date, only: Sequence[str] = (), named: Path | None = None
) -> Sequence[Compiled]:
    """Every tenant of the folder, or those of `only`. Raises CompileRefused when any has an error.

    `named`: where the files are that somebody edits, when `tenants` is only a copy of them: faults are shown there.
    """
    result = check(tenants, today=today, only=only, stage=STAGE, authority=True)
    compiled = [tenant for tenant in result.tenants.values() if tenant is not None]
    if not result.ok or not compiled:
        raise CompileRefused(replace(result, root=named or tenants))
    return compiled


async def roll_out(
    compiled: Sequence[Compiled], *, store: Bundles, signer: SigningKey, by: str, clock: Clock
) -> Sequence[Rolled]:
    """Signs, publishes and activates on the sandbox stage. A bundle that is in force already stays as it is."""
    active = {pointer.tenant: pointer for pointer in await store.active(STAGE)}
    rolled = []
    for tenant in compiled:
        pointer = active.get(tenant.tenant)
        if pointer is None or pointer.digest != tenant.digest:
            envelope = sign(tenant.bundle, tenant=tenant.tenant, stages=[STAGE], keys=[signer])
            await store.publish(tenant.tenant, tenant.bundle, envelope, by=by, now=clock.now())
            pointer = await store.activate(
                tenant.tenant,
                STAGE,
                tenant.digest,
                expect_active=pointer.digest if pointer else "none",
                by=by,
                now=clock.now(),
            )
        rolled.append(Rolled(compiled=tenant, bundle=Bundle.decode(tenant.bundle), activation=pointer))
    return rolled


def sandbox_secrets(bundle: Bundle) -> Mapping[str, str]:
    """A random value for every `secret:NAME` that the bundle's sandbox connections refer to."""
    names = {
        reference.removeprefix("secret:")
        for connection in bundle.connections.values()
        if connection.stage == STAGE
        for reference in connection.secrets.values()
        if reference.startswith("secret:")
    }
    return {name: secrets.token_urlsafe(24) for name in sorted(names)}
