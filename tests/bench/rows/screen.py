"""Row 9: what screening one message costs, on the shipped bundles, and what a message of 100 KB costs against one of 1 KB of the
same script, over all that is done with it from its arrival to the screen's verdict."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median, quantiles

from runtime.engine.screen import screen_text
from runtime.linguist import LinguaLinguist, linguist
from schemas.bundle import Bundle
from schemas.sensitive import masked
from schemas.text import match_opt_out
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import Ground
from tests.bench.scripts import SCRIPTS, letter
from tests.sets.measure import lines

GOAL_P95_MS = 5.0
GOAL_TIMES = 10.0
EACH_ROUND = 3
LONG_TIMES = 20
SCRIPT_TIMES = 4
SHORT, LONG = 1_000, 100_000
SEED = 9


async def run(ground: Ground) -> Row:
    bundles = [Bundle.decode(compiled.bundle) for compiled in ground.compiled()]
    said = [line.text for line in lines("benign")]
    short, long = _letter(said, SHORT), _letter(said, LONG)
    for bundle in bundles:  # patterns are compiled by the first message
        screen_text(short, bundle)
    speaker = linguist()
    p50, p95, worst, times, arrival = [], [], [], [], []
    scripts: dict[str, list[float]] = {script: [] for script in SCRIPTS}
    for _ in range(ground.rounds):
        took = [
            _ms(partial(screen_text, text, bundle))
            for _ in range(ground.size(EACH_ROUND))
            for bundle in bundles
            for text in said
        ]
        p50.append(median(took))
        p95.append(quantiles(took, n=20)[-1])
        worst.append(max(took))
        one, other = (_often(text, bundles, ground.size(LONG_TIMES)) for text in (short, long))
        times.append(other / one)
        for script, ratios in scripts.items():
            ratios.append(_times(script, bundles, speaker, ground.size(SCRIPT_TIMES)))
        arrival.append(median(_ms(partial(match_opt_out, text, bundles[0].opt_out)) for text in said))
    dearest = max(scripts, key=lambda script: median(scripts[script]))
    return Row(
        name="screen",
        work="screening one message: every category, every reading of it, and the stop, on the shipped bundles",
        figures=(
            Figure(what="a message of the benign set, p50", unit="ms", value=spread(p50)),
            Figure(what="a message of the benign set, p95", unit="ms", value=spread(p95), goal=GOAL_P95_MS),
            Figure(what="the slowest", unit="ms", value=spread(worst)),
            Figure(what="the stop alone, on arrival, p50", unit="ms", value=spread(arrival)),
            Figure(what="100 KB of talk against 1 KB", unit="x", value=spread(times), goal=GOAL_TIMES),
            Figure(
                what="the dearest of the scripts, arrival to verdict, 100 KB against 1 KB",
                unit="x",
                value=spread(scripts[dearest]),
                goal=GOAL_TIMES,
            ),
        ),
        checks={
            "a word of danger amid 100 KB is seen": all(
                any(s.category == "danger_now" for s in screen_text(_with_danger(long), bundle).signals)
                for bundle in bundles
            )
        },
        notes=(
            f"{len(said)} messages of tests/sets/benign.jsonl over {len(bundles)} bundles",
            f"scripts: {', '.join(f'{script} {median(ratios):.1f}x' for script, ratios in scripts.items())}",
        ),
    )


def _letter(said: Sequence[str], chars: int) -> str:
    """Talk of the benign set, shuffled, as one letter of so many characters."""
    order = [*said] * (1 + chars // sum(map(len, said)))
    random.Random(SEED).shuffle(order)
    return "\n".join(order)[:chars]


def _with_danger(letter: str) -> str:
    half = len(letter) // 2
    return f"{letter[:half]}. I want to kill myself. {letter[half:]}"


def _times(script: str, bundles: Sequence[Bundle], speaker: LinguaLinguist | None, times: int) -> float:
    """Of each length the least of several: what another process took of the cache is no cost of the text."""
    short, long = (
        min(
            _ms(partial(_arrive, letter(script, chars), bundles[n % len(bundles)], speaker))
            for n in range(times * len(bundles))
        )
        for chars in (SHORT, LONG)
    )
    return long / short


def _arrive(text: str, bundle: Bundle, speaker: LinguaLinguist | None) -> None:
    """All that is done with the words of a message, whatever they are: at the door, then in a worker."""
    match_opt_out(text, bundle.opt_out)
    kept = masked(text)
    screen_text(kept, bundle, speaker.language_of(kept) if speaker else None)


def _often(text: str, bundles: Sequence[Bundle], times: int) -> float:
    return median(_ms(partial(screen_text, text, bundles[n % len(bundles)])) for n in range(times))


def _ms(call: Callable[[], object]) -> float:
    """Processor time: the machine is shared."""
    began = time.thread_time()
    call()
    return 1000 * (time.thread_time() - began)
