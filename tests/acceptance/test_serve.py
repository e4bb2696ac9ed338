"""`convo serve` keeps three processes running, ends them when told, and needs nothing but its settings."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from compiler.pipeline import compile_tenant
from drills.devkeys import development_keys
from runtime.crypto import Vault
from runtime.embedded import EmbeddedPostgres
from runtime.settings import Settings
from runtime.storage.bundles import PgBundles
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants
from schemas.bundle import canonical
from tests.acceptance.convo import ROOT, TODAY, alive, convo, descendants, running, stop, until
from tests.conftest import NOON, fresh_database


@pytest.fixture(scope="module")
def env(server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A deployment with both tenants in force, on a port of its own."""
    keys = development_keys(tmp_path_factory.mktemp("keys"))
    with socket.socket() as probe, fresh_database(server) as database:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        probe.close()
        settings = {
            "DATABASE_URL": database.url("owner"),
            "CONVO_PORT": port,
            "CONVO_DATA": str(tmp_path_factory.mktemp("data")),
            "CONVO_JOBS": "0",  # only the test about it seals the audit, with a key of its own
            **keys.environment(),
        }
        assert convo("migrate", env=settings).returncode == 0
        for tenant in ("dynamo-dave", "edward-energy"):
            done = convo(
                "publish",
                f"tenants/{tenant}",
                "--sign-key",
                str(keys.signing),
                "--today",
                TODAY,
                env=settings,
            )
            assert done.returncode == 0, done.stderr
            assert convo("activate", tenant, done.stdout.strip(), env=settings).returncode == 0
        yield settings


def _ready(env: Mapping[str, str]) -> bool:
    try:
        answer = httpx2.get(f"http://127.0.0.1:{env['CONVO_PORT']}/readyz", trust_env=False, timeout=3)
    except httpx2.HTTPError:
        return False
    return answer.status_code == 200 and answer.json()["status"] == "ready"


def _named(pid: int) -> str:
    try:
        found = re.search(rb"-m\0runtime\0(\w+)", Path(f"/proc/{pid}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return found[1].decode() if found else ""


def _children(pid: int) -> dict[str, int]:
    return {name: child for child in descendants(pid) if (name := _named(child))}


def _kill_and_wait(parent: int, name: str, log: Path) -> None:
    """Ends one child as the kernel would, and waits for the one that takes its place."""
    before = _children(parent)[name]
    os.kill(before, signal.SIGKILL)
    until(lambda: _children(parent).get(name, before) != before, why=log.read_text)


def test_a_crashed_child_comes_back_and_the_port_never_closes(env: Mapping[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running("serve", env=env, output=log) as process:
        until(lambda: _ready(env), why=log.read_text)
        for name in ("web", "worker", "sender"):
            _kill_and_wait(process.pid, name, log)
            # The socket is the parent's: a caller waits for the new web process instead of being turned away.
            httpx2.get(f"http://127.0.0.1:{env['CONVO_PORT']}/healthz", trust_env=False, timeout=30)
        until(lambda: _ready(env), why=log.read_text)
        left = list(_children(process.pid).values())
        assert stop(process) == 0
        assert not [pid for pid in left if alive(pid)]


def test_what_is_served_is_sealed_each_minute_signed_and_exported(
    env: Mapping[str, str], tmp_path: Path
) -> None:
    log, key, export = tmp_path / "log", tmp_path / "seal.pem", tmp_path / "roots.jsonl"
    key.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    sealing = {
        **env,
        "CONVO_JOBS": "1",
        "CONVO_SEAL_KEY": f"file:{key}",
        "CONVO_SEAL_EXPORT": str(export),
    }
    before = convo("audit", "verify", env=sealing)
    assert before.returncode == 0
    assert "nothing is sealed yet" in before.stdout
    assert "exported copy: NOT checked" in before.stdout
    assert "limit: no exported copy of the roots was compared (CONVO_SEAL_EXPORT)" in before.stdout

    with running("serve", env=sealing, output=log):
        until(lambda: export.exists() and export.read_text().endswith("}\n"), why=log.read_text, within_s=100)
        root = json.loads(export.read_text().splitlines()[0])
        after = convo("audit", "verify", env=sealing)
    assert after.returncode == 0, after.stdout
    sealed = datetime.fromtimestamp(root["at_us"] / 1_000_000, UTC).isoformat(timespec="minutes")
    assert f"sealed until {sealed[:16]}" in after.stdout
    assert "0 entries are newer" in after.stdout
    assert after.stdout.endswith("signatures: checked\nexported copy: checked\n")

    export.write_text(json.dumps({**root, "hash": "00" * 32}) + "\n")
    redone = convo("audit", "verify", env=sealing)
    assert redone.returncode == 1
    assert "differs from the exported copy" in redone.stdout


def test_status_shows_what_each_process_holds(env: Mapping[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running("serve", env=env, output=log):
        until(lambda: _ready(env), why=log.read_text)
        until(
            lambda: all(
                f"{name}@" in convo("status", env=env).stdout for name in ("web", "worker", "sender")
            ),
            why=log.read_text,
        )
        done = convo("status", env=env)
        assert done.returncode == 0, done.stdout
        assert "STALE" not in done.stdout


def test_a_bundle_nobody_trusted_signed_is_refused_and_the_pages_say_so(
    env: Mapping[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with running("serve", env=env, output=log):
        until(lambda: _ready(env), why=log.read_text)
        good = json.loads(convo("status", "--json", env=env).stdout)[0]["digest"]
        asyncio.run(_activate_unsigned(env))
        until(lambda: _status(env)["status"] == "degraded", why=log.read_text)
        answer = _status(env)
        dave = next(t for t in answer["tenants"] if t["tenant"] == "dynamo-dave")
        assert dave["digest"] == good
        assert "envelope" in dave["fault"]
        done = convo("status", env=env)
        assert done.returncode == 1
        assert "STALE" in done.stdout
        assert convo("rollback", "dynamo-dave", env=env).returncode == 0
        until(lambda: _ready(env), why=log.read_text)


async def _activate_unsigned(env: Mapping[str, str]) -> None:
    """What somebody can do who may write to the database and has no signing key."""
    settings = Settings.from_env(env)
    vault = Vault.open(master=settings.master_key, pepper=settings.pepper, env=env)
    compiled = compile_tenant(ROOT / "tenants" / "dynamo-dave", NOON.date())
    document = json.loads(compiled.bundle)
    document["persona"]["prompt"] += " Changed."
    async with Pool(settings.url("owner"), role="owner") as pool:
        store = PgBundles(pool, Tenants(pool, vault))
        digest = await store.publish("dynamo-dave", canonical(document), b"{}", by="nobody", now=NOON)
        history = await store.history("dynamo-dave", "sandbox")
        await store.activate(
            "dynamo-dave", "sandbox", digest, expect_active=history[0].digest, by="nobody", now=NOON
        )


def _status(env: Mapping[str, str]) -> dict[str, Any]:
    answer: dict[str, Any] = httpx2.get(
        f"http://127.0.0.1:{env['CONVO_PORT']}/readyz", trust_env=False
    ).json()
    return answer


def test_children_of_a_parent_that_is_killed_end_too(env: Mapping[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running("serve", env=env, output=log) as process:
        until(lambda: _ready(env), why=log.read_text)
        children = list(_children(process.pid).values())
        process.kill()
        until(lambda: not any(map(alive, children)), why=log.read_text)


def test_metrics_and_health_are_served_by_web_and_by_a_worker_of_its_own(
    env: Mapping[str, str], tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "log"
    with running("worker", env={**env, "CONVO_METRICS_PORT": str(port)}, output=log) as process:

        def answers() -> bool:
            try:
                return httpx2.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
            except httpx2.HTTPError:
                return False

        until(answers, why=log.read_text)
        until(lambda: "convo_queue_depth{" in _get(port, "/metrics"), why=log.read_text)
        assert '"ready": true' in _get(port, "/readyz")
        assert httpx2.get(f"http://127.0.0.1:{port}/elsewhere", trust_env=False).status_code == 404
        assert stop(process) == 0


def test_a_process_without_trusted_keys_refuses_to_start(env: Mapping[str, str]) -> None:
    done = convo("worker", env={name: value for name, value in env.items() if name != "CONVO_TRUST"})
    assert done.returncode == 2
    assert "CONVO_TRUST" in done.stderr


def test_a_database_of_another_version_is_refused_with_what_to_do(
    env: Mapping[str, str], server: EmbeddedPostgres
) -> None:
    with fresh_database(server) as database:
        with psycopg.connect(database.url("owner")) as connection:
            connection.execute(
                "delete from schema_migration where name = (select max(name) from schema_migration)"
            )
        done = convo("serve", env={**env, "DATABASE_URL": database.url("owner")})
    assert done.returncode == 2
    assert "convo migrate" in done.stderr


def _get(port: int, path: str) -> str:
    return httpx2.get(f"http://127.0.0.1:{port}{path}", trust_env=False).text
