"""How long a turn may wait for a person's next message: a moment where people write in bits, not at all with what is urgent."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runtime.engine.screen import HUMAN_REQUEST, signals_of
from runtime.messages import Arrival, InboundMessage
from runtime.ports import Wake
from schemas.bundle import Bundle
from schemas.text import PatternError

# After each message; runtime/storage/arrival_writer.py says how long after the first at most. A page is answered at once: its
# answer is there before the next message is, and that one supersedes what has not been shown.
WAIT_S: Mapping[str, float] = {"webchat": 0.0}
OTHERWISE_S = 1.2
WAKE_AFTER_S = 0.02  # a little later than the wait ends, so that the hint does not come too early
KEPT = 64


@dataclass(slots=True)
class Bursts:
    """Knows what is urgent for each bundle. One for a web process."""

    _urgent: OrderedDict[str, Bundle] = field(default_factory=OrderedDict)

    def patient(self, arrivals: Sequence[Arrival], bundle: Bundle) -> list[Arrival]:
        """The same arrivals, each with how long a turn may wait after it and whether it is urgent."""
        return [
            dataclasses.replace(a, urgent=True)
            if self._is_urgent(a, bundle)
            else dataclasses.replace(a, wait_s=WAIT_S.get(a.channel, OTHERWISE_S))
            for a in arrivals
        ]

    def _is_urgent(self, arrival: Arrival, bundle: Bundle) -> bool:
        if not isinstance(arrival.event, InboundMessage):
            return False
        if arrival.stop is not None:
            return True
        try:
            return next(signals_of(arrival.event.text, self._grave(bundle), 0), None) is not None
        except PatternError:  # the turn says what is wrong with it; here it must not wait
            return True

    def _grave(self, bundle: Bundle) -> Bundle:
        """The bundle with nothing but what is grave and the wish for a person: the rest is looked at by the turn."""
        found = self._urgent.get(bundle.digest)
        if found is None:
            grave = tuple(c for c in bundle.categories if c.priority == 0 or c.id == HUMAN_REQUEST)
            found = dataclasses.replace(bundle, digest=f"{bundle.digest}#urgent", categories=grave)
            self._urgent[bundle.digest] = found
            while len(self._urgent) > KEPT:
                self._urgent.popitem(last=False)
        return found


def wake(hints: Wake, arrivals: Sequence[Arrival]) -> None:
    """Hints to workers: at once for what waits for nothing, and when the wait ends for the rest. Polling is the guarantee."""
    messages = [a for a in arrivals if isinstance(a.event, InboundMessage)]
    waits = {a.wait_s for a in messages}
    if len(messages) < len(arrivals) or 0.0 in waits:
        hints.notify("turns")
    for wait_s in waits - {0.0}:
        asyncio.get_running_loop().call_later(wait_s + WAKE_AFTER_S, hints.notify, "turns")
