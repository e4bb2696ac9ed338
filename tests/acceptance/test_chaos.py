"""Ten seconds of chaos: processes killed and stopped, Postgres restarted, a provider that fails; and every promise holds."""

from __future__ import annotations

from drills.chaos import chaos


def test_ten_seconds_of_chaos_lose_nothing_and_send_nothing_twice() -> None:
    figures = chaos(10, seed=7)
    assert figures.ok, "\n".join(figures.lines())
    assert figures.acked > 10 and figures.faults.total() > 3, "it was no chaos"
