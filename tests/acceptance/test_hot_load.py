"""`convo serve --dev --watch`: a saved file is in force a moment later, a broken one changes nothing, no message is lost."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from drills.town import SANDBOX_PORT
from tests.acceptance.convo import CONVO, ROOT, clean_env, running, stop, until

CHAT = "dave-web-sandbox"
QUESTION = "Do I have to use you or can I do it myself?"


@dataclass(frozen=True, slots=True)
class Watched:
    """A development server and the folder it follows."""

    tenants: Path
    log: Path
    url: str

    def digest(self) -> str:
        """Dave's bundle as web serves it."""
        tenants = httpx2.get(f"{self.url}/readyz", trust_env=False).json()["tenants"]
        return str(next(t["digest"] for t in tenants if t["tenant"] == "dynamo-dave"))

    def edit(self, old: str, new: str) -> None:
        """Changes the claim about the free way."""
        path = self.tenants / "dynamo-dave" / "claims" / "free-routes.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@contextmanager
def _in_use(port: int) -> Iterator[None]:
    """Somebody has this port of loopback, so that the tenants' sandbox connections are to call another."""
    with socket.socket() as taken:
        with suppress(OSError):  # somebody else has it
            taken.bind(("127.0.0.1", port))
            taken.listen()
        yield


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("dev")
    tenants, log = folder / "tenants", folder / "log"
    shutil.copytree(ROOT / "tenants", tenants)
    arguments = ("serve", "--dev", "--watch", str(tenants), "--data", str(folder / "data"), "--port", "0")
    with _in_use(SANDBOX_PORT), running(*arguments, "--clock", "2026-11-24T10:30:00", output=log) as process:
        until(lambda: "watching" in log.read_text() or process.poll() is not None, why=log.read_text)
        found = re.search(r"(http://127\.0\.0\.1:\d+)/chat/", log.read_text())
        assert found is not None, log.read_text()
        yield Watched(tenants=tenants, log=log, url=found[1])
        assert stop(process) == 0


def _ask(client: httpx2.Client, number: int) -> None:
    answer = client.post(
        f"/chat/{CHAT}/messages", json={"id": f"message-{number:03d}", "text": f"{QUESTION} ({number})"}
    )
    assert answer.is_success, answer.text


def _lines(client: httpx2.Client) -> list[dict[str, object]]:
    return list(client.get(f"/chat/{CHAT}/lines", params={"after": 0}).json()["lines"])


def test_other_commands_work_on_it_from_a_shell_that_read_the_file_it_names(watched: Watched) -> None:
    told = re.search(r"^  (set -a; \. \S+/env; set \+a)$", watched.log.read_text(), re.MULTILINE)
    assert told is not None, watched.log.read_text()
    file = watched.tenants.parent / "data" / "env"
    assert file.stat().st_mode & 0o777 == 0o600
    for command in ("doctor", "status", "queue list", "audit verify"):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{told[1]}; exec {shlex.join(CONVO)} {command}"],
            env=clean_env(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        if command == "status":
            assert watched.digest() in done.stdout


def test_a_save_is_in_force_a_moment_later_and_is_what_a_newcomer_hears(watched: Watched) -> None:
    before = watched.digest()
    watched.edit("You can complain to your lender", "You may always complain to your lender")
    began = time.monotonic()
    until(lambda: watched.digest() != before, why=watched.log.read_text)
    assert time.monotonic() - began < 10
    with httpx2.Client(base_url=watched.url, trust_env=False, headers={"origin": watched.url}) as client:
        client.get(f"/chat/{CHAT}")
        _ask(client, 1)
        until(
            lambda: any("You may always complain" in str(line["text"]) for line in _lines(client)),
            why=lambda: str(_lines(client)),
        )


def test_a_file_with_a_fault_changes_nothing_and_is_shown(watched: Watched) -> None:
    before = watched.digest()
    watched.edit("required_with: [SP-FOS]", "required_with: [SP-FOSS]")
    until(lambda: "nothing was changed" in watched.log.read_text(), why=watched.log.read_text)
    assert watched.digest() == before
    claims = watched.tenants / "dynamo-dave" / "claims" / "free-routes.yaml"
    assert f"{claims}:" in watched.log.read_text(), (
        "the fault is shown in the file that is edited, not in a copy of it"
    )
    watched.edit("required_with: [SP-FOSS]", "required_with: [SP-FOS]")
    until(lambda: "no fault any more" in watched.log.read_text(), why=watched.log.read_text)
    assert watched.digest() == before


def test_no_message_is_lost_while_bundles_change(watched: Watched) -> None:
    wanted = 12
    with httpx2.Client(base_url=watched.url, trust_env=False, headers={"origin": watched.url}) as client:
        client.get(f"/chat/{CHAT}")
        for number in range(wanted):
            if number % 4 == 0:
                path = watched.tenants / "dynamo-dave" / "claims" / "free-routes.yaml"
                path.write_text(path.read_text().replace("for free", "free of charge", 1))
            _ask(client, number)
            time.sleep(0.2)

        def all_there() -> bool:
            lines = _lines(client)
            theirs = [str(line["text"]) for line in lines if not line["ours"]]
            return len(theirs) == wanted and bool(lines[-1]["ours"])

        until(all_there, why=lambda: str(_lines(client)))
        theirs = [str(line["text"]) for line in _lines(client) if not line["ours"]]
        assert theirs == [f"{QUESTION} ({number})" for number in range(wanted)]
