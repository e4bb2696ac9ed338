"""The bundle that drills play: a tenant as it stands, its approvals left out where they are what is wrong with it.

A pull request that changes approved words has void approvals until it is reviewed; the reviewer must hear the words before.
Without approvals the bundle is marked unapproved and speaks in the sandbox, which is where drills are played.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path

from compiler.pipeline import Compiled
from drills.rollout import CompileRefused, compile_all

APPROVAL_CODES = "CV6"  # what is wrong with an approval and with nothing else
NO_LINES = "[]\n"


def bundle_to_play(tenant: Path, *, today: date) -> Compiled:
    """Compiles one tenant for the sandbox. Raises CompileRefused when more than its approvals is wrong."""
    try:
        [compiled] = compile_all(tenant.parent, today=today, only=[tenant.name])
        return compiled
    except CompileRefused as refused:
        if not all(d.code.startswith(APPROVAL_CODES) for d in refused.result.diagnostics if d.is_error):
            raise
    with tempfile.TemporaryDirectory(prefix="convo-unapproved-") as folder:
        copy = Path(folder) / "tenants"
        shutil.copytree(tenant.parent, copy, symlinks=True)
        (copy / tenant.name / "approvals.yaml").write_text(NO_LINES, encoding="utf-8")
        [compiled] = compile_all(copy, today=today, only=[tenant.name], named=tenant.parent)
        return compiled
