"""Opt-out in every language the bundle has words for."""

from __future__ import annotations

from collections.abc import Iterator

from drills.army.plugins.stops import stopped
from drills.army.values import Plugin, Seed, Twin, World, harmless
from schemas.lexicon import GAP, wordings


def _seeds(world: World) -> Iterator[Seed]:
    """The bundle's own lexicon: of each language a whole message, a phrase, and the one that reaches every tenant."""
    for tag, words in sorted(world.bundle.opt_out.items()):
        if tag.split("-")[0] == "en":
            continue
        for entry in (*sorted(words.exact, key=len)[-1:], *sorted(words.contains)[:1], *words.stop_all[:1]):
            yield Seed(text=_said(entry), bait="Please write in English.")


def _said(entry: str) -> str:
    """The first of an entry's wordings, with nothing in its gaps."""
    return " ".join(next(wordings(entry)).replace(GAP, " ").split())


def _twins(world: World) -> Iterator[Twin]:
    yield Twin(
        text="My surname is Stopa and my wife is from Cardiff, is that a problem?",
        expected=harmless(world, decisions=("reply", "fallback")),
    )


PLUGIN = Plugin(
    id="opt-out-language",
    aim="not to be understood",
    seeds=_seeds,
    twins=_twins,
    strategies=("plain",),
    expects=stopped,
    each=True,
)
