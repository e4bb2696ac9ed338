"""Row 1: a webhook until its 200, against one insert per request and a bare echo, and how long it takes at half of that."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median, quantiles
from uuid import uuid4

from tests.bench.figures import Figure, Row, Spread, spread
from tests.bench.load import Tally, Wish, message_id, play
from tests.bench.place import Ground, Site, clock, everything, listener, process, running, site, until_ready

CONNECTIONS = 64
TURNS_A_ROUND = 3  # short turns, often: what else the machine does changes within seconds
TURN_S = 1.5
WARM_S = 1.0
HALF_LOAD_S = 15.0
CONTENDERS = ("ours", "one", "echo")


async def run(ground: Ground) -> Row:
    async with site(ground, "webhook") as place:
        with ExitStack() as stack:
            sockets = {name: stack.enter_context(listener()) for name in CONTENDERS}
            ports = {name: socket.getsockname()[1] for name, socket in sockets.items()}
            fds = {name: str(socket.fileno()) for name, socket in sockets.items()}
            async with running(
                process(place, "ours", "web", "--fd", fds["ours"]),
                process(place, "one", "one", "--fd", fds["one"], module="tests.bench.rivals"),
                process(place, "echo", "echo", "--fd", fds["echo"], module="tests.bench.rivals"),
            ):
                for name in ("ours", "one"):
                    await until_ready(ports[name], len(place.rolled))
                return await _measure(ground, place, ports)


async def _measure(ground: Ground, place: Site, ports: dict[str, int]) -> Row:
    acknowledged: set[str] = set()
    answers = 0

    async def load(name: str, seconds: float, rate: float | None = None) -> Tally:
        nonlocal answers
        prefix = uuid4().hex[:12]
        tally = await play(
            Wish(
                port=ports[name],
                connection=place.connection,
                header=place.header,
                secret=place.secret,
                phone_number_id=_phone_number_id(place),
                at=int(clock().now().timestamp()),
                prefix=prefix,
                seconds=seconds,
                connections=CONNECTIONS,
                rate=rate,
            )
        )
        if name != "echo":
            acknowledged.update(message_id(prefix, n) for n in tally.acknowledged)
            answers += len(tally.acknowledged)
        return tally

    for name in CONTENDERS:
        await load(name, WARM_S)
    rounds = []
    for n in range(ground.rounds * TURNS_A_ROUND):
        turn = CONTENDERS[n % 3 :] + CONTENDERS[: n % 3]  # nobody always comes first
        rounds.append({name: await load(name, TURN_S * ground.scale) for name in turn})
    capacity = median(each["ours"].per_s for each in rounds)
    half = await load("ours", HALF_LOAD_S * ground.scale, rate=capacity / 2)
    stored = await _stored(place)
    expected = await _blind(place, acknowledged)
    tallies = [half, *(tally for each in rounds for tally in each.values())]
    return Row(
        name="webhook",
        work=f"webhook ack, {CONNECTIONS} connections: verified, parsed, encrypted, de-duplicated, ordered, committed",
        figures=(
            Figure(
                what="requests per s, against one insert per request",
                unit="x",
                value=spread(each["ours"].per_s / each["one"].per_s for each in rounds),
                goal=2.5,
                better="more",
            ),
            Figure(
                what="requests per s, against a bare Starlette echo",
                unit="x",
                value=spread(each["ours"].per_s / each["echo"].per_s for each in rounds),
                goal=0.4,
                better="more",
            ),
            *(
                Figure(
                    what=f"requests per s: {name}", unit="per s", value=spread(e[name].per_s for e in rounds)
                )
                for name in CONTENDERS
            ),
            Figure(what="at half of that: median", unit="ms", value=_one(median(half.times_ms)), goal=250),
            Figure(
                what="at half of that: 99th percentile",
                unit="ms",
                value=_one(quantiles(half.times_ms, n=100)[98]),
            ),
            Figure(what="at half of that: over 1 s", unit="%", value=_one(_share_over(half, 1_000)), goal=1),
            Figure(what="at half of that: longest", unit="ms", value=_one(max(half.times_ms)), goal=5_000),
        ),
        checks={
            "every 200 is stored": expected <= stored,
            "nothing else is stored, and nothing twice": len(stored) == answers == len(acknowledged),
            "every conversation is numbered without a gap": await _gapless(place),
            "every request was answered with 200": all(
                set(tally.statuses) == {"200"} and tally.unanswered == 0 for tally in tallies
            ),
        },
        notes=(
            f"{answers} acknowledged; half load {capacity / 2:.0f} per s for {HALF_LOAD_S * ground.scale:.0f} s; "
            f"server, load generator and Postgres (fsync on) share the machine",
        ),
    )


def _phone_number_id(place: Site) -> str:
    connection = place.rolled[0].bundle.connections[place.connection]
    return connection.options.get("phone_number_id", "100000000000000")


def _one(value: float) -> Spread:
    return spread([value])


def _share_over(tally: Tally, limit_ms: float) -> float:
    return 100 * sum(took > limit_ms for took in tally.times_ms) / len(tally.times_ms)


async def _blind(place: Site, ids: set[str]) -> set[bytes]:
    owner = await place.made.tenants.get(place.tenant_id)
    return {owner.keys.blind_index("provider_id", each) for each in ids}


async def _stored(place: Site) -> set[bytes]:
    return {bytes(row[0]) for row in await everything(place.made.owner, "select provider_hmac from inbox")}


async def _gapless(place: Site) -> bool:
    rows = await everything(
        place.made.owner,
        "select q.last_seq, (select count(*) from inbox x where (x.tenant_id, x.conversation_id) = "
        "(q.tenant_id, q.conversation_id)) from conversation_queue q",
    )
    return bool(rows) and all(last == count for last, count in rows)
