"""Playing conversations before customers have them: a tenant's own drills, and the changed claims in use."""

from __future__ import annotations

import json

from commands import OK, WRONG
from commands.options import AsJson, TenantPath, Today, day_of, tenant_path


def attack(tenant: TenantPath, json_: AsJson = False, today: Today = None) -> int:
    """Play the tenant's drills (drills/*.yaml) through store, worker and sender. Exit code 1 when one fails.

    A drill without `at` is played at 10:30 on --today, or on the next day the tenant answers on.
    """
    from drills.attack import attack as played
    from drills.attack import table

    _without_logs()
    folder = tenant_path(tenant)
    results = played(folder, today=day_of(today))
    if json_:
        print(
            json.dumps({"tenant": folder.name, "drills": [r.as_json() for r in results]}, ensure_ascii=False)
        )
    elif not results:
        print(f"{folder.name} has no drill in drills/ that any of its sandbox connections could play")
    else:
        print(table(results))
    return OK if all(result.held for result in results) else WRONG


def _without_logs() -> None:
    """What the processes of a deployment write down is no news to somebody at a terminal; errors are."""
    import logging

    from runtime.telemetry import configure

    configure("pretty", process="drill", level=logging.ERROR)
