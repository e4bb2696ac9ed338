"""The 360dialog-shaped server as a program of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2

NUMBER = {
    "connection": "dave-wa-sandbox",
    "label": "EXAMPLE Dave",
    "number": "447700900001",
    "phone_number_id": "4242",
    "api_key": "example-key",
    "secret": "example-secret",
}


def test_it_starts_from_a_file_says_where_it_is_and_ends_when_told(tmp_path: Path) -> None:
    config = tmp_path / "numbers.json"
    config.write_text(json.dumps([NUMBER]))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "drills.sandbox.dialog360", "--config", str(config), "--port", str(port)]
    with subprocess.Popen([*command, "--clock-offset", "86400"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().removeprefix("phone: ").strip()
            page = _opened(url)
            assert "EXAMPLE Dave" in page
            assert "Its clock:" in page
        finally:
            server.terminate()
        assert server.wait(10) in (0, -15)


def _opened(url: str) -> str:
    deadline = time.monotonic() + 10
    while True:
        try:
            return httpx2.get(url, trust_env=False).text
        except httpx2.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
