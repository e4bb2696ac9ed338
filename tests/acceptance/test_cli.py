"""The everyday commands, as somebody types them: what they print, what they exit with, what they refuse."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

import cli
from drills.devkeys import DevKeys, development_keys
from runtime.clock import SystemClock
from runtime.embedded import EmbeddedPostgres
from runtime.settings import Settings
from runtime.storage.audit import PgAudit
from runtime.storage.postgres import Pool
from runtime.storage.sealing import seal_key
from schemas.bundle import canonical
from tests.acceptance.convo import ROOT, TODAY, convo
from tests.conftest import fresh_database

STARTING = ("demo", "chat", "serve", "doctor", "init")
WRITING = ("compile", "explain", "plan", "screen", "review", "attack", "transcript", "ci")
AUTHORING = ("propose", "fmt", "upgrade", "uses", "docs", "why-send", "send-table", "schema", "completion")
BUNDLES = ("publish", "activate", "rollback", "status", "keys")
PROCESSES = ("web", "worker", "sender", "migrate")
OPERATING = ("why", "kill", "enable", "queue", "audit", "secret", "desk")
COMMANDS = (*STARTING, *WRITING, *AUTHORING, *BUNDLES, *PROCESSES, *OPERATING)
ON = ("--today", TODAY)


# ---- without a database -------------------------------------------------------------------------------------------------


def test_help_names_every_command_with_a_sentence() -> None:
    done = convo("--help")
    assert done.returncode == 0
    assert all(re.search(rf"^\W*{name}\s+\w", done.stdout, re.MULTILINE) for name in COMMANDS)


def test_every_command_explains_itself_and_its_options() -> None:
    for name in COMMANDS:
        shown = CliRunner().invoke(cli.front(), [name, "--help"])
        assert shown.exit_code == 0, name
        assert "Usage" in shown.output, name


def test_an_unknown_command_is_a_usage_error() -> None:
    assert convo("wibble").returncode == 2


def test_check_passes_on_the_shipped_tenants() -> None:
    done = convo("compile", "--check", *ON)
    assert done.returncode == 0, done.stdout
    assert "0 errors" in done.stdout


def test_check_loads_neither_typer_nor_the_runtime() -> None:
    done = convo("compile", "--check", "--no-cache", *ON, env={"PYTHONPROFILEIMPORTTIME": "1"})
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "yaml" in loaded
    assert not loaded & {"typer", "pydantic", "rich", "psycopg", "starlette", "runtime", "cryptography"}


def test_a_fault_is_reported_with_its_place_and_exit_code_1(tmp_path: Path) -> None:
    tenants = _copy(tmp_path)
    claim = tenants / "dynamo-dave" / "claims" / "free-routes.yaml"
    claim.write_text(claim.read_text().replace("SP-FOS", "SP-FOSS", 1))
    done = convo("compile", "--check", str(tenants), *ON)
    assert done.returncode == 1
    assert "free-routes.yaml" in done.stdout
    assert "SP-FOS" in done.stdout


def test_a_bundle_is_written_under_its_digest_and_signed(tmp_path: Path) -> None:
    keys, out = development_keys(tmp_path / "keys"), tmp_path / "dist"
    done = convo("compile", "tenants/dynamo-dave", "--out", str(out), "--sign-key", str(keys.signing), *ON)
    assert done.returncode == 0, done.stdout + done.stderr
    digest = re.search(r"sha256:([0-9a-f]{64})", done.stdout)
    assert digest is not None
    assert {path.name for path in out.iterdir()} == {f"{digest[1]}.json", f"{digest[1]}.dsse.json"}


def test_explain_tells_what_a_code_means() -> None:
    done = convo("explain", "CV5005")
    assert done.returncode == 0
    assert "CV5005" in done.stdout
    assert convo("explain", "CV0000").returncode == 2


def test_plan_of_two_bundles_says_by_its_exit_code_whether_somebody_must_decide(tmp_path: Path) -> None:
    old, new = _compiled(tmp_path / "a"), _compiled(tmp_path / "b", change=True)
    changed = convo("plan", str(old), str(new))
    assert changed.returncode == 4, changed.stderr
    assert "DD-D04" in changed.stdout
    assert convo("plan", str(old), str(old)).returncode == 0


def test_plan_says_which_way_a_change_goes(tmp_path: Path) -> None:
    old = _compiled(tmp_path)
    document = json.loads(old.read_bytes())
    cap = document["policy"]["spend_pence_per_day"]
    document["policy"]["spend_pence_per_day"] = 2 * cap
    new = tmp_path / "new.json"
    new.write_bytes(canonical(document))
    told = convo("diff", str(old), str(new))
    assert told.returncode == 4
    assert re.search(
        rf"^ +BREAKING LOOSENED .*: {cap} -> {2 * cap}  \[CAP_NOT_LOOSENED", told.stdout, re.MULTILINE
    )
    tightened = convo("plan", str(new), str(old))
    assert (tightened.returncode, "TIGHTENED" in tightened.stdout) == (3, True)
    found = json.loads(convo("plan", str(old), str(new), "--json").stdout)
    assert found["gravest"] == "BREAKING"
    assert [(c["class"], c["direction"], c["before"]) for c in found["tenants"][0]["changes"]] == [
        ("BREAKING", "loosened", cap)
    ]


def test_screen_answers_each_line_with_a_verdict() -> None:
    lines = [
        {"id": 1, "text": "I can't go on any more, I want to end it all"},
        {"id": "b", "text": "STOP"},
        {"id": 3, "text": "Do I have to use you?"},
    ]
    done = convo("screen", "dynamo-dave", *ON, stdin="\n".join(map(json.dumps, lines)))
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [v["id"] for v in verdicts] == [1, "b", 3]
    assert [v["action"] for v in verdicts] == ["safety", "stop", "answer"]
    assert "danger_now" in verdicts[0]["categories"]
    assert verdicts[1]["categories"] == ["opt_out"]
    assert verdicts[1]["findings"] == [{"category": "opt_out", "pattern": "stop", "scope": "tenant"}]
    assert verdicts[2]["findings"] == []
    assert all({"id", "action", "categories", "findings", "micros"} <= v.keys() for v in verdicts)


def test_review_blocks_what_may_not_be_said() -> None:
    lines = [
        {"id": 1, "text": "You are owed £4,000, guaranteed!"},
        {"id": 2, "text": "Good question."},
    ]
    done = convo("review", "dynamo-dave", *ON, stdin="\n".join(map(json.dumps, lines)))
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [v["action"] for v in verdicts] == ["block", "pass"]
    assert "no-amounts" in verdicts[0]["categories"]


def test_a_line_that_is_no_json_is_answered_as_such_and_the_rest_goes_on() -> None:
    done = convo("screen", "dynamo-dave", *ON, stdin='nonsense\n{"id": 2, "text": "hello"}\n')
    assert done.returncode == 1
    first, second = map(json.loads, done.stdout.splitlines())
    assert "error" in first
    assert second["id"] == 2


def test_chat_answers_a_pipe_with_claims() -> None:
    done = convo("chat", "dynamo-dave", *ON, stdin="Do I have to use you or can I do it myself?\nSTOP\n")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any("[DD-D04" in line for line in lines)
    assert lines[-1].endswith("[ALL-C01]")


def test_an_unknown_tenant_is_named_with_those_there_are() -> None:
    done = convo("screen", "dynamo-dan")
    assert done.returncode == 2
    assert "dynamo-dave" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "nowhere.json", "nowhere.json"),
        ("plan", "/dev/null", "/dev/null"),
        ("publish", "/dev/null"),
        ("publish", "tenants/dynamo-dave", "--sign-key", "pyproject.toml"),
        ("publish", "tenants/dynamo-dave", "--sign-key", "nowhere.key"),
        ("demo", "--exit", "--port", "99999"),
        ("serve", "--dev", "--port", "-1"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_used_is_named_without_a_traceback(arguments: tuple[str, ...]) -> None:
    done = convo(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert any(given in done.stderr for given in arguments[1:])


def test_serve_without_a_database_and_without_dev_refuses_to_start() -> None:
    done = convo("serve")
    assert done.returncode == 2
    assert "DATABASE_URL" in done.stderr
    assert "--dev" in done.stderr


def test_a_misspelt_setting_stops_everything() -> None:
    done = convo("serve", env={"DATABASE_URL": "postgresql://x@localhost/x", "CONVO_STGE": "live"})
    assert done.returncode == 2
    assert "did you mean CONVO_STAGE" in done.stderr


@pytest.mark.parametrize("stage", ["staging", "live"])
@pytest.mark.parametrize("process", [["worker"], ["serve"]])
def test_without_a_key_that_seals_nothing_that_seals_starts_outside_the_sandbox(
    stage: str, process: list[str]
) -> None:
    env = {"CONVO_STAGE": stage, "DATABASE_URL": "postgresql://x@/nowhere?host=/nonexistent"}
    done = convo(*process, env=env)
    assert done.returncode == 2, done.stderr
    assert "CONVO_SEAL_KEY" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("key", ["", "not a key"])
def test_doctor_says_whether_the_key_that_seals_can_be_used(tmp_path: Path, key: str) -> None:
    assert convo("keys", "new", str(tmp_path / "good.key")).returncode == 0
    (tmp_path / "bad.key").write_text(key)
    for name, line in (
        ("good", "ok   key that seals the audit: id "),
        ("bad", "FAIL key that seals the audit: "),
    ):
        done = convo("doctor", env={"CONVO_STAGE": "live", "CONVO_SEAL_KEY": f"file:{tmp_path}/{name}.key"})
        assert line in done.stdout
    without = convo("doctor", env={"CONVO_STAGE": "live"})
    assert "FAIL key that seals the audit: stage live without CONVO_SEAL_KEY" in without.stdout


def test_doctor_says_what_is_missing() -> None:
    done = convo("doctor", env={"HOME": "/nonexistent"})
    assert done.returncode == 1
    assert "DATABASE_URL" in done.stdout
    assert "CONVO_TRUST" in done.stdout


def test_a_private_key_is_never_overwritten_and_readable_to_its_owner_alone(tmp_path: Path) -> None:
    key = tmp_path / "bundles.key"
    assert convo("keys", "new", str(key)).returncode == 0
    first = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    assert convo("keys", "new", str(key)).returncode == 2
    assert key.read_bytes() == first


# ---- with one -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> DevKeys:
    return development_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def env(
    server: EmbeddedPostgres, keys: DevKeys, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """A deployment's settings on a database of its own, in which Dave's bundle is in force twice over (two digests)."""
    with fresh_database(server) as database:
        settings = {
            "DATABASE_URL": database.url("owner"),
            "CONVO_DEV": "1",
            "CONVO_DATA": str(tmp_path_factory.mktemp("data")),
            **keys.environment(),
        }
        assert convo("migrate", env=settings).returncode == 0
        yield settings


@pytest.fixture(scope="module")
def digests(
    env: Mapping[str, str], keys: DevKeys, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """Two bundles of Dave, published, the second in force."""
    found = []
    for name in ("one", "two"):
        tenants = _copy(tmp_path_factory.mktemp(name))
        if name == "two":
            _change(tenants)
        done = convo(
            "publish",
            str(tenants / "dynamo-dave"),
            "--sign-key",
            str(keys.signing),
            "--by",
            "Test Person",
            *ON,
            env=env,
        )
        assert done.returncode == 0, done.stderr
        found.append(done.stdout.strip())
        done = convo("activate", "dynamo-dave", found[-1], env=env)
        assert done.returncode == 0, done.stderr
    return found[0], found[1]


def test_migrating_again_does_nothing(env: Mapping[str, str]) -> None:
    done = convo("migrate", env=env)
    assert (done.returncode, done.stdout.strip()) == (0, "nothing to do")


def test_doctor_is_content_with_a_whole_deployment(env: Mapping[str, str]) -> None:
    done = convo("doctor", env=env)
    assert done.returncode == 0, done.stdout


def test_an_activation_that_expected_another_bundle_is_refused(
    env: Mapping[str, str], digests: tuple[str, str]
) -> None:
    done = convo("activate", "dynamo-dave", digests[0], "--expect-active", digests[0], env=env)
    assert done.returncode == 1
    assert "meanwhile" in done.stderr


def test_status_names_the_digest_in_force(env: Mapping[str, str], digests: tuple[str, str]) -> None:
    done = convo("status", "--json", env=env)
    (row,) = json.loads(done.stdout)
    assert (row["tenant"], row["digest"], row["serial"]) == ("dynamo-dave", digests[1], 2)


def test_rollback_puts_the_bundle_before_back_under_a_new_serial(
    env: Mapping[str, str], digests: tuple[str, str]
) -> None:
    done = convo("rollback", "dynamo-dave", env=env)
    assert done.returncode == 0, done.stderr
    assert f"back to {digests[0]} (serial 3)" in done.stdout
    assert (
        convo("activate", "dynamo-dave", digests[1], "--expect-active", digests[0], env=env).returncode == 0
    )


def test_a_digest_may_be_given_without_its_prefix(env: Mapping[str, str], digests: tuple[str, str]) -> None:
    bare = digests[1].removeprefix("sha256:")
    done = convo("activate", "dynamo-dave", bare, "--expect-active", bare, env=env)
    assert done.returncode == 0, done.stderr
    assert f"{digests[1]} is in force" in done.stdout


def test_expecting_nothing_in_force_is_refused_when_something_is(
    env: Mapping[str, str], digests: tuple[str, str]
) -> None:
    done = convo("activate", "dynamo-dave", digests[1], "--expect-active", "none", env=env)
    assert done.returncode == 1
    assert "meanwhile" in done.stderr


def test_status_says_when_nothing_is_in_force(env: Mapping[str, str]) -> None:
    done = convo("status", "--stage", "live", env=env)
    assert (done.returncode, done.stdout) == (1, "nothing is in force on live\n")


def test_a_rollback_of_nobody_names_the_fault(env: Mapping[str, str]) -> None:
    done = convo("rollback", "nosuch", env=env)
    assert done.returncode == 1
    assert "tenant" in done.stderr
    assert "nosuch/sandbox" not in done.stderr


def test_a_bundle_that_nobody_trusted_signed_is_not_published(env: Mapping[str, str], tmp_path: Path) -> None:
    stranger = development_keys(tmp_path / "stranger")
    done = convo("publish", "tenants/dynamo-dave", "--sign-key", str(stranger.signing), *ON, env=env)
    assert done.returncode == 1
    assert "signature" in done.stderr


def test_an_unapproved_bundle_is_not_published_for_live(env: Mapping[str, str], keys: DevKeys) -> None:
    done = convo(
        "publish", "tenants/dynamo-dave", "--stage", "live", "--sign-key", str(keys.signing), *ON, env=env
    )
    assert done.returncode == 1
    assert "unapproved" in done.stderr or "CV" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_secret_comes_from_stdin_and_stands_nowhere_in_clear(
    env: Mapping[str, str], digests: tuple[str, str]
) -> None:
    value = f"example-{uuid4().hex}"
    done = convo("secret", "set", "dynamo-dave", "DAVE_WA_API", env=env, stdin=f"{value}\n")
    assert done.returncode == 0, done.stderr
    assert value not in done.stdout + done.stderr
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        connection.execute("select set_config('app.every', 'on', true)")
        rows = connection.execute("select ciphertext from secret").fetchall()
    assert rows
    assert all(value.encode() not in bytes(row[0]) for row in rows)


def test_two_people_start_again_what_one_has_stopped(
    env: Mapping[str, str], digests: tuple[str, str]
) -> None:
    assert convo("kill", "dynamo-dave", "--reason", "a drill", "--by", "First", env=env).returncode == 0
    first = convo("enable", "dynamo-dave", "--by", "First", env=env)
    again = convo("enable", "dynamo-dave", "--by", " FIRST", env={**env, "LOGNAME": "other", "USER": "other"})
    second = convo("enable", "dynamo-dave", "--by", "Second", env=env)
    assert (first.returncode, second.returncode) == (1, 0)
    assert again.returncode == 1
    assert "sending again" in second.stdout
    login = f"(login {pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()})"
    assert f"noted for First {login}" in first.stdout
    assert "what this shell's user claims" in first.stdout
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        connection.execute("select set_config('app.every', 'on', true)")
        header = connection.execute(
            "select header from audit where header ->> 'what' = 'enabled' order by at desc limit 1"
        ).fetchone()
    assert header is not None
    assert (header[0]["asked_by"], header[0]["by"]) == (f"First {login}", f"Second {login}")


def test_enabling_one_tenant_says_that_all_are_stopped_still(
    env: Mapping[str, str], digests: tuple[str, str]
) -> None:
    nothing = convo("enable", "dynamo-dave", "--by", "First", env=env)
    assert (nothing.returncode, nothing.stdout) == (0, "nothing is stopped\n")
    assert convo("kill", "ALL", "--reason", "a drill", "--by", "First", env=env).returncode == 0
    still = convo("enable", "dynamo-dave", "--by", "First", env=env)
    assert still.returncode == 1
    assert still.stdout.startswith("still stopped for ALL by First")
    convo("enable", "ALL", "--by", "First", env=env)
    again = convo("enable", "ALL", "--by", "Second", env=env)
    assert (again.returncode, again.stdout) == (0, "sending again\n")


def test_chat_talks_to_the_bundle_in_force_in_a_given_database(
    env: Mapping[str, str], digests: tuple[str, str]
) -> None:
    done = convo("chat", "dynamo-dave", env=env, stdin="Do I have to use you or can I do it myself?\n")
    assert done.returncode == 0, done.stderr
    assert "You may complain to your lender" in done.stdout
    assert convo("chat", "edward-energy", env=env, stdin="hello\n").returncode == 1


def test_an_empty_queue_lists_nothing(env: Mapping[str, str], digests: tuple[str, str]) -> None:
    done = convo("queue", "list", env=env)
    assert (done.returncode, done.stdout) == (0, "")
    done = convo("queue", "discard", "dynamo-dave", "outbox", str(uuid4()), "--reason", "a drill", env=env)
    assert done.returncode == 1


def test_the_audit_of_these_acts_verifies(env: Mapping[str, str], digests: tuple[str, str]) -> None:
    done = convo("audit", "verify", "--json", env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["ok"]


def test_after_a_rotation_older_seals_hold_when_their_key_is_trusted(
    env: Mapping[str, str], digests: tuple[str, str], tmp_path: Path
) -> None:
    for name in ("old", "new", "stranger"):
        assert convo("keys", "new", str(tmp_path / f"{name}.key")).returncode == 0
    asyncio.run(_seal(env, (tmp_path / "old.key").read_bytes()))

    def verified(key: str | None, trust: str | None) -> dict[str, Any]:
        settings = {
            "CONVO_SEAL_KEY": f"file:{tmp_path}/{key}.key" if key else "",
            "CONVO_SEAL_TRUST": str(tmp_path / f"{trust}.pub") if trust else "",
        }
        done = convo("audit", "verify", "--json", env={**env, **settings})
        assert done.returncode in (0, 1), done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    assert verified("old", None)["ok"]
    assert verified("new", "old")["ok"]
    assert verified(None, "old")["ok"]
    assert verified(None, "old")["signatures_checked"]
    for key, trust in (("new", None), ("new", "stranger"), (None, "new")):
        assert {finding["kind"] for finding in verified(key, trust)["findings"]} == {"signature"}
    for stage, held in (("sandbox", True), ("staging", False), ("live", False)):
        keyless = {"CONVO_STAGE": stage, "CONVO_DEV": "", "CONVO_SEAL_KEY": "", "CONVO_SEAL_TRUST": ""}
        unchecked = convo("audit", "verify", "--json", env={**env, **keyless})
        assert json.loads(unchecked.stdout)["ok"] is held, (
            "nobody's word for it is not enough outside the sandbox"
        )
        assert unchecked.returncode == (0 if held else 1)
    missing = convo("audit", "verify", env={**env, "CONVO_SEAL_TRUST": "/nonexistent"})
    assert missing.returncode == 2
    assert "CONVO_SEAL_TRUST" in missing.stderr


async def _seal(env: Mapping[str, str], pem: bytes) -> None:
    settings = Settings.from_env(env)
    async with Pool(settings.url("owner"), role="owner", max_size=2) as pool:
        assert await PgAudit(pool).seal(key=seal_key(pem), now=SystemClock().now())


def test_why_finds_the_tenant_of_a_message_by_itself(
    env: Mapping[str, str], digests: tuple[str, str]
) -> None:
    assert convo("chat", "dynamo-dave", env=env, stdin="Can I do it myself?\n").returncode == 0
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        connection.execute("select set_config('app.every', 'on', true)")
        row = connection.execute("select id from outbox limit 1").fetchone()
    assert row is not None
    done = convo("why", str(row[0]), env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["tenant"], found["message"]["id"]) == ("dynamo-dave", str(row[0]))
    assert found["sentences"][0]["claim"]
    named = convo("why", str(row[0]), "dynamo-dave", env=env)
    assert json.loads(named.stdout) == found


def test_why_of_an_unknown_message_says_so(env: Mapping[str, str], digests: tuple[str, str]) -> None:
    done = convo("why", str(uuid4()), "dynamo-dave", env=env)
    assert done.returncode == 1
    assert "dynamo-dave has no message" in done.stderr
    done = convo("why", str(uuid4()), env=env)
    assert done.returncode == 1
    assert "no tenant has a message" in done.stderr


def test_a_desk_link_is_for_development_only(env: Mapping[str, str], digests: tuple[str, str]) -> None:
    done = convo("desk", "link", "--operator", "Asha Example", "--role", "admin", env=env)
    assert done.returncode == 0, done.stderr
    assert "/desk/in/" in done.stdout
    refused = convo("desk", "link", "--operator", "Asha Example", env={**env, "CONVO_DEV": "0"})
    assert refused.returncode == 2


# ---- helpers ------------------------------------------------------------------------------------------------------------


def _copy(folder: Path) -> Path:
    tenants = folder / "tenants"
    shutil.copytree(ROOT / "tenants", tenants)
    return tenants


def _change(tenants: Path) -> None:
    claim = tenants / "dynamo-dave" / "claims" / "free-routes.yaml"
    text = claim.read_text()
    changed = text.replace("You can complain to your lender", "You may complain to your lender")
    assert changed != text
    claim.write_text(changed)


def _compiled(folder: Path, *, change: bool = False) -> Path:
    tenants = _copy(folder)
    if change:
        _change(tenants)
    done = convo("compile", str(tenants / "dynamo-dave"), "--out", str(folder / "dist"), *ON)
    assert done.returncode == 0, done.stdout
    return next((folder / "dist").glob("*.json"))
