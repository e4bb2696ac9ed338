"""Who changed a file last, as git tells: the default author of what is approved or waived."""

from __future__ import annotations

import subprocess
from pathlib import Path

WITHIN_S = 60


def author_of(path: Path) -> str:
    """For changes not yet committed, whoever works here. Empty when git cannot tell."""
    where = path.resolve().parent
    if told(where, "status", "--porcelain", "--", path.name):
        return told(where, "config", "user.name")
    return told(where, "log", "-1", "--format=%an", "--", path.name)


def told(where: Path, *arguments: str) -> str:
    """What git prints; empty when it refuses or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(where), *arguments], capture_output=True, check=False, timeout=WITHIN_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""
