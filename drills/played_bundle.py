"""The bundle that drills play: a tenant as it stands, without the approvals that do not hold.

A pull request that changes approved words has void approvals until it is reviewed; the reviewer must hear the words before.
Such a bundle is marked unapproved and speaks in the sandbox, which is where drills are played.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from compiler.pipeline import Compiled, check
from drills.rollout import STAGE, CompileRefused


def bundle_to_play(tenant: Path, *, today: date) -> Compiled:
    """Compiles one tenant for the sandbox. Raises CompileRefused when more than approvals and waivers is wrong."""
    result = check(tenant.parent, today=today, only=[tenant.name], stage=STAGE, authority=True, aside=True)
    compiled = result.tenants.get(tenant.name)
    if compiled is None:
        raise CompileRefused(result)
    return compiled
