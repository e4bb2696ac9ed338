"""Plays a provider: posts webhooks over raw sockets from a process of its own, as fast as they are answered or at a rate.

`python -m tests.bench.load '{"port": ..., ...}'` prints JSON: what was answered, when, and the ids that were acknowledged.
At a rate, an answer's time counts from when the request was due, so that a stall is not hidden by asking less.
"""

from __future__ import annotations

import asyncio
import json
import select
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

QUESTIONS = (
    "Hello, do I have to use you or can I do this myself for free?",
    "How much do you take of what I get back, and what else is there to pay",
    "I had a car on finance from 2016 to 2019 with a broker. Was there a commission on it?",
    "ok thanks, can you send me the form please",
    "What happens to my data when I fill in the form? Who gets to see it",
)
PEOPLE = 1_000  # 07700 900000 to 900999, numbers set aside for fiction
DRAIN_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`rate` None: every connection sends again as soon as it was answered. `prefix` makes the ids of this run its own."""

    port: int
    connection: str
    header: str
    secret: str
    phone_number_id: str
    at: int
    prefix: str
    seconds: float
    connections: int = 64
    first: int = 0  # the first number: runs that shall not meet each other's people begin apart
    rate: float | None = None


@dataclass(slots=True)
class Tally:
    """What came of it. `times_ms` and `acknowledged` (numbers of the run's ids) are in the order of the answers."""

    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    times_ms: list[float] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    unanswered: int = 0

    @property
    def per_s(self) -> float:
        return len(self.acknowledged) / self.seconds


async def play(wish: Wish) -> Tally:
    """Runs it as a process. Raises RuntimeError when that process fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load", json.dumps(asdict(wish)),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return Tally(**json.loads(said))


def message_id(prefix: str, n: int) -> str:
    return f"wamid.{prefix}{n:08d}"


class _Requests:
    """The bytes of request n, made by filling gaps in templates of fixed length."""

    def __init__(self, wish: Wish) -> None:
        self._first = wish.first
        self._templates = [_template(wish, question) for question in QUESTIONS]

    def of(self, n: int) -> bytes:
        person = (self._first + n) * 7919 % PEOPLE  # neighbours are different people
        return self._templates[n % len(self._templates)] % (person, person, n, n)


def _template(wish: Wish, question: str) -> bytes:
    number = "447700900000"[:-3]
    body: dict[str, Any] = {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": "100000000000000",
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {
                                "display_phone_number": "447700900100",
                                "phone_number_id": wish.phone_number_id,
                            },
                            "contacts": [{"profile": {"name": "Sam Example"}, "wa_id": f"{number}@3@"}],
                            "messages": [
                                {
                                    "from": f"{number}@3@",
                                    "id": message_id(wish.prefix, 0)[:-8] + "@8@",
                                    "timestamp": str(wish.at),
                                    "type": "text",
                                    "text": {"body": f"{question} @8@"},
                                }
                            ],
                        },
                    }
                ],
            }
        ],
    }
    content = json.dumps(body).replace("%", "%%").replace("@3@", "%03d").replace("@8@", "%08d")
    length = len(content % (0, 0, 0, 0))
    head = (
        f"POST /hooks/{wish.connection} HTTP/1.1\r\nHost: 127.0.0.1:{wish.port}\r\nUser-Agent: provider\r\n"
        f"Accept: */*\r\nContent-Type: application/json\r\n{wish.header}: {wish.secret}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    return head.replace("%", "%%").encode() + content.encode()


class _Line:
    """One keep-alive connection with at most one request under way."""

    __slots__ = ("_buffer", "due", "n", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self.n = -1
        self.due = 0.0

    def ask(self, n: int, request: bytes, due: float) -> None:
        self.n, self.due = n, due
        self.socket.sendall(request)

    def answered(self) -> str | None:
        """The status once the whole answer is here. Raises ConnectionError when the server hung up."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return None
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return None
        self._buffer = b""
        return head[9:12].decode("ascii")


def run(wish: Wish) -> Tally:
    """Sends for `wish.seconds`, then waits for what is still to be answered."""
    requests = _Requests(wish)
    lines = {line.socket.fileno(): line for line in (_Line(wish.port) for _ in range(wish.connections))}
    poll = select.epoll()
    for fd in lines:
        poll.register(fd, select.EPOLLIN)
    tally, statuses = Tally(), Counter[str]()
    free, waiting = deque(lines.values()), deque[float]()
    n, asked = 0, 0
    begin = now = time.perf_counter()
    end = begin + wish.seconds
    while (asked or waiting or now < end) and now < end + DRAIN_S:
        now = time.perf_counter()
        if now < end:
            waiting.extend(_due(wish, begin, now, already=n + len(waiting), free=len(free)))
        while free and waiting:
            line = free.popleft()
            line.ask(n, requests.of(n), waiting.popleft())
            n += 1
            asked += 1
        for fd, _ in poll.poll(_pause(wish, begin, now, end, n + len(waiting))):
            line = lines[fd]
            status = line.answered()
            if status is None:
                continue
            tally.times_ms.append((time.perf_counter() - line.due) * 1000)
            statuses[status] += 1
            if status == "200":
                tally.acknowledged.append(line.n)
            asked -= 1
            free.append(line)
    tally.seconds = time.perf_counter() - begin
    tally.statuses = dict(statuses)
    tally.unanswered = asked + len(waiting)
    return tally


def _due(wish: Wish, begin: float, now: float, *, already: int, free: int) -> Sequence[float]:
    """When each request that is due by now should have left."""
    if wish.rate is None:
        return [now] * free
    return [begin + n / wish.rate for n in range(already, int((now - begin) * wish.rate) + 1)]


def _pause(wish: Wish, begin: float, now: float, end: float, already: int) -> float:
    if wish.rate is None or now >= end:
        return 1.0
    return max(0.0, min(begin + already / wish.rate, end) - time.perf_counter())


if __name__ == "__main__":
    print(json.dumps(asdict(run(Wish(**json.loads(sys.argv[1]))))))
