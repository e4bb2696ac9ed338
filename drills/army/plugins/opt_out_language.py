"""Opt-out in every language the bundle has words for."""

from __future__ import annotations

from collections.abc import Iterator

from drills.army.plugins.stops import stopped
from drills.army.values import Plugin, Seed, Twin, World, harmless


def _seeds(world: World) -> Iterator[Seed]:
    """The bundle's own lexicon: of each language a whole message, a phrase, and the one that reaches every tenant."""
    for tag, words in sorted(world.bundle.opt_out.items()):
        if tag.split("-")[0] == "en":
            continue
        for text in (*sorted(words.exact, key=len)[-1:], *sorted(words.contains)[:1], *words.stop_all[:1]):
            yield Seed(text=text, bait="Please write in English.")


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
