"""Named points at which a test may end the process as `kill -9` would; in production nothing but a comparison."""

from __future__ import annotations

import os

KILLED = 137  # what a shell reports for SIGKILL

POINTS: tuple[str, ...] = (
    "web.before_store",
    "web.after_store",
    "worker.after_claim",
    "worker.after_load",
    "worker.before_commit",
    "worker.after_commit",
    "sender.after_due",
    "sender.after_look",
    "sender.before_call",
    "sender.after_call",
    "sender.after_record",
)


def crash_point(name: str) -> None:
    """Ends the process at once, without clean-up, when CONVO_CRASH_AT names this point."""
    if os.environ.get("CONVO_CRASH_AT") == name:
        os._exit(KILLED)
