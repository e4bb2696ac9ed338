"""Seeded chaos on a whole deployment: processes killed and stopped, Postgres restarted, webhooks repeated, a provider that fails.

`python -m drills.chaos --seconds 60 --seed 1` (`make chaos SECONDS=60 SEED=1`). People write all the while. When it is over
everything must come to rest, and every invariant of `drills.invariants` must hold. The seed decides what is broken when;
what it meets there is the machine's own, so a run is told by its figures, not repeated to the letter.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drills.invariants import broken, provider_keys
from drills.plant import DAVE, LEASE_S, Plant, Process, plant
from drills.sandbox.state import Fault
from runtime.crypto import Vault
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants

TENANT = "dynamo-dave"
TENANTS = Path(__file__).parents[1] / "tenants"
CREW = ("web", "worker", "worker", "sender", "sender")
WRITERS, PEOPLE_EACH = 4, 6
PAUSE_S = (0.02, 0.25)  # between two messages of one writer
REPEATED = 0.2  # of the webhooks are brought again
FAULT_EVERY_S = (0.5, 1.5)
AWAY_S = 0.5  # how long Postgres is not there
PROVIDER_FAULTS: tuple[Fault, ...] = ("timeout", "429", "500")
REST_WITHIN_S = 90.0
TEXTS = (
    "Do I have to use you or can I do it myself?",
    "what do you charge",
    "who are you",
    "is there a free way",
    "and is it free?",
    "ok thanks",
    "STOP",
)
_WEIGHTS = (6, 6, 6, 6, 6, 6, 1)


@dataclass(slots=True)
class Figures:
    """What a run came to. `worst_ack_s`: the longest that a provider had to go on bringing one message."""

    seconds: float
    seed: int
    acked: int = 0
    repeated: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    called: int = 0
    sent_twice: int = 0
    unknown: int = 0
    unknown_called: int = 0
    dead_letters: int = 0
    states: dict[str, int] = field(default_factory=dict)
    worst_ack_s: float = 0.0
    rest_s: float = 0.0
    audit: bool = False
    faults_found: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        wrong = self.lost + self.duplicates + self.out_of_order + self.sent_twice
        return not wrong and not self.faults_found and self.audit

    def lines(self) -> Sequence[str]:
        """For a person."""
        return [
            f"{self.seconds:.0f} s, seed {self.seed}: {'everything held' if self.ok else 'BROKEN'}",
            f"  acknowledged {self.acked}, brought again {self.repeated}, longest wait for a 200 {self.worst_ack_s:.1f} s",
            f"  faults {self.faults.total()}: "
            + ", ".join(f"{k} {n}" for k, n in sorted(self.faults.items())),
            f"  lost {self.lost}, stored twice {self.duplicates}, out of order {self.out_of_order}",
            f"  provider calls taken {self.called}, sent twice {self.sent_twice}, "
            f"unknown {self.unknown} (of which the provider has {self.unknown_called})",
            f"  outbox {dict(sorted(self.states.items()))}, dead letters {self.dead_letters}",
            f"  at rest after {self.rest_s:.1f} s, audit {'verified' if self.audit else 'BROKEN'}",
            *(f"  {fault}" for fault in self.faults_found),
        ]


class Writer(threading.Thread):
    """One provider connection: brings each message until it is answered with 200, and some again."""

    def __init__(self, there: Plant, number: int, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True, name=f"writer-{number}")
        self._there = there
        self._chance = random.Random(seed * 1000 + number)
        self._enough = stop
        self._number = number
        self.brought: dict[str, list[str]] = {}
        self.repeated = 0
        self.worst_s = 0.0
        self.gave_up = False

    def run(self) -> None:
        ids: list[tuple[str, str, str]] = []
        while not self._enough.is_set():
            phone = f"4477009{self._number:02d}{self._chance.randrange(PEOPLE_EACH):03d}"
            [text] = self._chance.choices(TEXTS, _WEIGHTS)
            made = (phone, text, f"wamid.C{self._number}.{len(ids)}")
            ids.append(made)
            began = time.monotonic()
            while self._bring(made) != 200:
                if time.monotonic() - began > REST_WITHIN_S:
                    self.gave_up = True
                    return
                time.sleep(0.1)
            self.brought.setdefault(phone, []).append(made[2])
            self.worst_s = max(self.worst_s, time.monotonic() - began)
            if self._chance.random() < REPEATED:
                self.repeated += 1
                self._bring(self._chance.choice(ids[-20:]))
            time.sleep(self._chance.uniform(*PAUSE_S))

    def _bring(self, made: tuple[str, str, str]) -> int:
        phone, text, message_id = made
        # The provider's own time of a message is the same each time it is brought.
        return self._there.post(self._there.message(phone, text, id=message_id, at=self._there.day))


class Breaker:
    """Breaks one thing at a time, and mends what it broke, so that there is always somebody to go on."""

    def __init__(self, there: Plant, chance: random.Random) -> None:
        self._there = there
        self._chance = chance
        self._stopped: list[tuple[float, Process]] = []  # until when, who
        self.faults: Counter[str] = Counter()
        self._acts: tuple[tuple[str, int, Callable[[], None]], ...] = (
            ("kill worker", 5, lambda: self._kill("worker")),
            ("kill sender", 5, lambda: self._kill("sender")),
            ("kill web", 2, lambda: self._kill("web")),
            ("stop worker", 3, lambda: self._pause("worker")),
            ("stop sender", 3, lambda: self._pause("sender")),
            ("stop web", 1, lambda: self._pause("web")),
            ("restart Postgres", 2, self._restart),
            ("provider fault", 5, self._provider),
        )

    def run(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(self._chance.uniform(*FAULT_EVERY_S))
            self._mend(time.monotonic())
            [(name, _, act)] = self._chance.choices(self._acts, [weight for _, weight, _ in self._acts])
            act()
            self.faults[name] += 1
        self._mend(float("inf"))

    def _mend(self, now: float) -> None:
        for until, process in list(self._stopped):
            if until <= now:
                process.resume()
                self._stopped.remove((until, process))

    def _one(self, name: str) -> Process | None:
        stopped = [process for _, process in self._stopped]
        able = [p for p in self._there.processes if p.name == name and p.alive and p not in stopped]
        return self._chance.choice(able) if able else None

    def _kill(self, name: str) -> None:
        if (victim := self._one(name)) is not None:
            victim.kill()
            self._there.processes.remove(victim)
            self._there.start(name, ready=False)

    def _pause(self, name: str) -> None:
        """Past its lease; web only for a moment, since nobody stands in for it."""
        if (victim := self._one(name)) is not None:
            victim.pause()
            longest = 1.0 if name == "web" else LEASE_S + 2.0
            self._stopped.append((time.monotonic() + self._chance.uniform(0.1, longest), victim))

    def _restart(self) -> None:
        self._there.server.crash()
        time.sleep(self._chance.uniform(0, AWAY_S))
        self._there.server.restart()

    def _provider(self) -> None:
        self._there.provider.faults[DAVE] = self._chance.choice(PROVIDER_FAULTS)


def chaos(seconds: float, seed: int, tenants: Path = TENANTS) -> Figures:
    """Breaks a deployment of its own for so long, lets it come to rest, and looks at what is there."""
    with tempfile.TemporaryDirectory(prefix="convo-chaos-") as folder, plant(Path(folder), tenants) as there:
        for name in CREW:
            there.start(name)
        figures, stop = Figures(seconds=seconds, seed=seed), threading.Event()
        writers = [Writer(there, number, seed, stop) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        breaker = Breaker(there, random.Random(seed))
        try:
            breaker.run(seconds)
        finally:
            stop.set()
        for name in CREW:
            there.keep(name)
        for writer in writers:
            writer.join(REST_WITHIN_S)
        began = time.monotonic()
        try:
            there.drain(REST_WITHIN_S)
        except AssertionError as late:
            figures.faults_found.append(str(late))
        figures.rest_s = time.monotonic() - began
        figures.faults = breaker.faults
        _look(there, writers, figures)
        return figures


def _look(there: Plant, writers: Sequence[Writer], figures: Figures) -> None:
    hmacs = asyncio.run(_hmacs(there, [i for w in writers for ids in w.brought.values() for i in ids]))
    stored = {
        bytes(row["provider_hmac"]): (row["conversation_id"], row["seq"])
        for row in there.sql("select conversation_id, seq, provider_hmac from inbox")
    }
    figures.acked = len(hmacs)
    figures.repeated = sum(writer.repeated for writer in writers)
    figures.worst_ack_s = max(writer.worst_s for writer in writers)
    figures.lost = len([hmac for hmac in hmacs.values() if hmac not in stored])
    figures.duplicates = there.count("select count(*) - count(distinct provider_hmac) from inbox")
    for writer in writers:
        for ids in writer.brought.values():
            places = [stored[hmacs[i]] for i in ids if hmacs[i] in stored]
            figures.out_of_order += places != sorted(places)
    keys = provider_keys(there.provider)
    unknown = [row["key"] for row in there.sql("select key from outbox where state = 'unknown'")]
    figures.called = keys.total()
    figures.sent_twice = keys.total() - len(keys)
    figures.unknown, figures.unknown_called = len(unknown), len([key for key in unknown if key in keys])
    figures.states = {
        row["state"]: row["n"]
        for row in there.sql(
            "select case when state = 'dead' then 'dead by ' || decided_rule else state end as state, count(*) as n "
            "from outbox group by 1"
        )
    }
    figures.dead_letters = there.count("select count(*) from dead_letter")
    figures.faults_found += broken(there.sql, there.provider, now=there.now())
    figures.faults_found += [f"{writer.name} was never answered" for writer in writers if writer.gave_up]
    verified = asyncio.run(there.verified())
    figures.audit = verified.ok


async def _hmacs(there: Plant, ids: Sequence[str]) -> dict[str, bytes]:
    """How each provider id stands in the inbox."""
    vault = Vault.open(master=there.keys.master, pepper=there.keys.pepper, env=os.environ)
    async with Pool(there.server.url("convo_owner"), role="owner", max_size=1) as owner:
        keys = (await Tenants(owner, vault).by_slug(TENANT)).keys
        return {each: keys.blind_index("provider_id", each) for each in ids}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: everything held."""
    parser = argparse.ArgumentParser(prog="python -m drills.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    figures = chaos(given.seconds, given.seed)
    print("\n".join(figures.lines()))
    return 0 if figures.ok else 1


if __name__ == "__main__":
    sys.exit(main())
