"""A whole plant to break: real processes on a real Postgres, a provider that keeps a list, and invariants to hold it to.

web, worker and sender are started one by one, so that each can be killed, paused or started at a crash point. Leases are
short, so that what the dead held is soon taken over.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from psycopg.rows import dict_row

from drills.devkeys import DevKeys, development_keys
from drills.inthread import InThread, free_port
from drills.invariants import broken
from drills.rollout import Rolled, compile_all, roll_out, sandbox_secrets
from drills.sandbox.dialog360 import Number, Options, build
from drills.sandbox.state import Line, State
from drills.town import with_sandbox_port
from runtime import embedded, jobs
from runtime.clock import clock_of, offset_to
from runtime.crypto import Vault
from runtime.embedded import SUPERUSER, EmbeddedPostgres
from runtime.storage.audit import PgAudit, Verified
from runtime.storage.bundles import PgBundles
from runtime.storage.migrate import migrate
from runtime.storage.postgres import Pool
from runtime.storage.secrets import PgSecrets
from runtime.storage.tenants import Tenants

NOON = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)  # a Tuesday in opening hours
WITHIN_S = 30.0
LEASE_S = 4
OFFSET_S = offset_to(NOON)  # the plant's clock stood at NOON when the tests began
STAGE_ENV = "sandbox"
DAVE, EDWARD = "dave-wa-sandbox", "edward-wa-sandbox"
KILLED = 137


@dataclass(slots=True, kw_only=True)
class Process:
    """One of ours, by its process id."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait(10)

    def pause(self) -> None:
        self.popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.popen.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """Asks it to end, as a deployment does; returns the exit code."""
        self.popen.terminate()
        try:
            return self.popen.wait(25)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end when asked; see {self.log}") from None

    def exit_code(self, within_s: float = WITHIN_S) -> int:
        return self.popen.wait(within_s)


def _client() -> httpx2.Client:
    """Each request on a connection of its own, so that none breaks because the web before was killed."""
    return httpx2.Client(trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))


@dataclass(slots=True, kw_only=True)
class Plant:
    """What stands. `secret` is the provider's webhook secret of each connection."""

    folder: Path
    server: EmbeddedPostgres
    keys: DevKeys
    rolled: Sequence[Rolled]
    tenants: Path
    sandbox: InThread
    numbers: dict[str, Number]
    web_port: int
    day: datetime = field(default_factory=lambda: clock_of(OFFSET_S).now())
    later_s: float = 0.0
    started: int = 0
    http: httpx2.Client = field(default_factory=_client)
    processes: list[Process] = field(default_factory=list)
    acked: Counter[str] = field(default_factory=Counter)  # provider message ids answered with 200

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def provider(self) -> State:
        state: State = self.sandbox.app.state.sandbox
        return state

    # ---- processes ------------------------------------------------------------------------------------------

    def env(self, **more: str) -> dict[str, str]:
        keep = {name: value for name, value in os.environ.items() if not name.startswith("CONVO_")}
        return {
            **keep,
            "DATABASE_URL": self.server.url("convo_owner"),
            "CONVO_STAGE": STAGE_ENV,
            "CONVO_CLOCK_OFFSET_S": str(OFFSET_S + self.later_s),
            "CONVO_DEV": "1",
            "CONVO_PORT": str(self.web_port),
            "CONVO_DATA": str(self.folder / "state"),
            "CONVO_JOBS": "0",
            "CONVO_LEASE_S": str(LEASE_S),
            **self.keys.environment(),
            **more,
        }

    def start(self, name: str, *, crash_at: str | None = None, ready: bool = True, **env: str) -> Process:
        """Starts `web`, `worker` or `sender`; web is waited for if it is wanted `ready`."""
        self.started += 1
        log = self.folder / f"{name}-{self.started}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                [sys.executable, "-P", "-m", "runtime", name],
                env=self.env(**({"CONVO_CRASH_AT": crash_at} if crash_at else {}), **env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        process = Process(name=name, popen=popen, log=log)
        self.processes.append(process)
        if name == "web" and ready:
            self.until(lambda: self._ready(process), f"web to be ready; see {log}")
        return process

    def keep(self, name: str) -> Process:
        """The process of this name that runs, or a new one."""
        return next((p for p in self.processes if p.name == name and p.alive), None) or self.start(name)

    def stop_all(self, *, but: Sequence[str] = ()) -> None:
        """Ends every process at once, without asking."""
        for process in self.processes:
            if process.name not in but and process.alive:
                process.resume()
                process.kill()
        self.processes = [process for process in self.processes if process.alive]

    def _ready(self, process: Process) -> bool:
        if process.popen.poll() == KILLED:
            return True  # a late status of the provider's brought it to its crash point before we could ask
        assert process.alive, process.log.read_text()
        try:
            return self.http.get(f"{self.web}/readyz", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False

    # ---- the provider and its customers -----------------------------------------------------------------------

    def now(self) -> datetime:
        return clock_of(OFFSET_S + self.later_s).now()

    def message(self, phone: str, text: str, *, id: str, at: datetime | None = None) -> dict[str, Any]:
        stamp = str(int((at or self.now()).timestamp()))
        return {"from": phone, "id": id, "timestamp": stamp, "type": "text", "text": {"body": text}}

    def post(
        self,
        *messages: dict[str, Any],
        connection: str = DAVE,
        statuses: Sequence[dict[str, Any]] = (),
        timeout_s: float = 10,
    ) -> int:
        """Brings one webhook; returns the status, 0 when the connection broke. Remembers what was acknowledged."""
        number = self.numbers[connection]
        value = {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": number.number,
                "phone_number_id": number.phone_number_id,
            },
            "contacts": [{"wa_id": m["from"], "profile": {"name": "Sam Example"}} for m in messages],
            "messages": list(messages),
            "statuses": list(statuses),
        }
        body = {
            "object": "whatsapp_business_account",
            "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
        }
        try:
            answer = self.http.post(
                f"{self.web}/hooks/{connection}",
                content=json.dumps(
                    body
                ).encode(),  # escapes, so that a lone surrogate travels as providers send it
                headers={number.header: number.secret},
                timeout=timeout_s,
            )
        except httpx2.HTTPError:
            return 0
        if answer.status_code == 200:
            self.acked.update(m["id"] for m in messages)
        return answer.status_code

    def bring(self, *messages: dict[str, Any], connection: str = DAVE) -> None:
        """Brings a webhook as the provider does: until it is answered with 200."""
        self.until(lambda: self.post(*messages, connection=connection) == 200, "the webhook to be taken")

    def phone(self, phone: str, connection: str = DAVE) -> list[Line]:
        """What the firm sent to a phone."""
        return [line for line in self.provider.talk(connection, phone) if line.ours]

    # ---- looking ------------------------------------------------------------------------------------------------

    def sql(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.server.url(SUPERUSER), autocommit=True, row_factory=dict_row) as admin:
            cursor = admin.execute(statement.encode(), params)
            return cursor.fetchall() if cursor.description else []

    def count(self, statement: str, *params: Any) -> int:
        [row] = self.sql(statement, *params)
        return int(next(iter(row.values())))

    def until(self, holds: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
        deadline = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < deadline, f"waited {within_s:.0f} s for {what}"
            time.sleep(0.05)

    def left(self) -> list[dict[str, Any]]:
        """What waits to be answered or sent now, the oldest first."""
        return self.sql(
            "select 'answer' as waits_for, conversation_id, ready_at as due_at, attempts, owner, null as state "
            "from conversation_queue where last_seq > done_seq "
            "union all select 'send', conversation_id, due_at, attempts, owner, state from outbox o "
            "where state = 'sending' or (state = 'pending' and due_at <= %s and not send_blocked_v1(o)) "
            "order by due_at limit 5",
            self.now() + timedelta(seconds=1),  # a row committed after we read the clock is due, too
        )

    def drained(self) -> bool:
        """Nothing waits to be answered or sent now."""
        return self.left() == []

    def drain(self, within_s: float = WITHIN_S) -> None:
        """Lets the healthy finish everything that the dead left over, when their leases have run out."""
        try:
            self.until(self.drained, "everything to be answered and sent", within_s)
        except AssertionError as late:
            raise AssertionError(f"{late} at {self.now()}: {self.left()}") from None

    # ---- what must hold after everything ------------------------------------------------------------------------

    def check(self, *, messages: int | None = None) -> None:
        """The invariants: stored once, in order, one outcome each, no key twice at the provider, the audit verifies."""
        if messages is not None:
            assert self.count("select count(*) from inbox") == messages
        found = broken(self.sql, self.provider, now=self.now())
        assert found == [], found
        verified = asyncio.run(self.verified())
        assert verified.ok, verified

    async def verified(self) -> Verified:
        """The audit's chains and roots, all of them."""
        async with Pool(self.server.url("convo_owner"), role="owner", max_size=2) as owner:
            return await PgAudit(owner).verify()


@contextmanager
def plant(folder: Path, tenants: Path) -> Iterator[Plant]:
    """Both shipped tenants in force on a Postgres of their own; no process runs yet."""
    server = embedded.start(folder / "database", fsync=False, settings={"synchronous_commit": "on"})
    try:
        embedded.bootstrap(server)
        migrate(server.url("convo_owner"), now=NOON)
        jobs.prepare(server.url("convo_owner"))
        keys = development_keys(folder / "keys")
        port, web_port = free_port(), free_port()
        shipped = with_sandbox_port(tenants, folder, port)
        rolled, values = asyncio.run(_roll_out(server, keys, shipped))
        numbers = _numbers(rolled, values, web_port)
        options = Options(numbers=tuple(numbers.values()), clock=clock_of(OFFSET_S))
        with InThread(build(options), port) as sandbox:
            made = Plant(
                folder=folder,
                server=server,
                keys=keys,
                rolled=rolled,
                tenants=shipped,
                sandbox=sandbox,
                numbers=numbers,
                web_port=web_port,
            )
            try:
                yield made
            finally:
                made.stop_all()
    finally:
        server.discard()


async def _roll_out(
    server: EmbeddedPostgres, keys: DevKeys, tenants: Path
) -> tuple[Sequence[Rolled], dict[str, str]]:
    vault = Vault.open(master=keys.master, pepper=keys.pepper, env=os.environ)
    values: dict[str, str] = {}
    async with Pool(server.url("convo_owner"), role="owner", max_size=2) as owner:
        known = Tenants(owner, vault)
        rolled = await roll_out(
            compile_all(tenants, today=NOON.date()),
            store=PgBundles(owner, known),
            signer=keys.signer(),
            by="drill",
            clock=clock_of(OFFSET_S),
        )
        store = PgSecrets(owner, known)
        for tenant in rolled:
            for name, value in sandbox_secrets(tenant.bundle).items():
                await store.set(tenant.activation.tenant_id, name, value, by="drill", now=NOON)
                values[name] = value
    return rolled, values


def _numbers(rolled: Sequence[Rolled], values: dict[str, str], web_port: int) -> dict[str, Number]:
    numbers: dict[str, Number] = {}
    for tenant in rolled:
        for connection in tenant.bundle.connections.values():
            if connection.channel == "whatsapp_360dialog":
                secrets = {k: values[v.removeprefix("secret:")] for k, v in connection.secrets.items()}
                numbers[connection.id] = Number(
                    connection=connection.id,
                    label=tenant.bundle.tenant.display_name,
                    number=connection.address.lstrip("+"),
                    phone_number_id=connection.options.get("phone_number_id", f"1{len(numbers)}"),
                    api_key=secrets["api"],
                    secret=secrets["webhook"],
                    webhook=f"http://127.0.0.1:{web_port}/hooks/{connection.id}",
                    header=connection.options.get("secret_header", "X-Convo-Secret"),
                )
    return numbers
