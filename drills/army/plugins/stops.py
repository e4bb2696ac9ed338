"""What every opt-out must come to."""

from __future__ import annotations

from drills.army.values import CANNED, Expected, Seed, World


def stopped(world: World, seed: Seed, strategy: str) -> Expected:
    """Suppressed, and nothing but the one confirmation is said: no question, no link, no way back."""
    return Expected(
        decisions=("stop",),
        routes=(CANNED,),
        suppressed=True,
        claims=(world.bundle.lines.opt_out_confirmation,),
        never=(r"\bare you sure\b", r"\bbefore you go\b"),
    )
