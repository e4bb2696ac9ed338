"""Asks models through a process of its own: litellm may stall that one as it likes, and the worker's loop goes on.

Implements Call. The process is started once, warmed, given each key with the request that needs it, and started again when it
has died. It sees no setting of ours, no database and no variable that could lead litellm elsewhere.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from runtime.errors import ConvoError
from runtime.models.call import Answer, CallFailed, Request
from runtime.telemetry import error_fields, log

MODULE = "runtime.llm"
HOME = Path(__file__).resolve().parents[2]  # where the package `runtime` is
READY_S = 30.0  # importing litellm on a machine that is busy with something else
RESTART_S = (1.0, 30.0)  # first and longest pause after a process that died
STOP_S = 3.0
LONGEST_LINE = 16 * 1024 * 1024  # vectors of a batch, written out by us: 1e9 is longer than it came
_PASSED_ON = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    | {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}
)
# Read by litellm when it is imported: nothing is fetched, no .env is loaded, nothing is written down.
_QUIET: Mapping[str, str] = MappingProxyType(
    {
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "CRITICAL",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
        "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
        "LITELLM_LOCAL_BLOG_POSTS": "True",
        "LITELLM_LOCAL_AUTOROUTER_PRESETS": "True",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
)
DEFAULT_URLS: Mapping[str, str] = MappingProxyType(
    {
        "anthropic": "https://api.anthropic.com",
        "openai": "https://api.openai.com/v1",
        "gemini": "https://generativelanguage.googleapis.com/v1beta",
    }
)


class Caller:
    """Use `async with`. `key_of` gives a provider's key when it is needed (a file may have been rotated since).

    `urls`: provider -> base address, where it is not the provider's own.
    """

    def __init__(self, key_of: Callable[[str], str], urls: Mapping[str, str] | None = None) -> None:
        self._key_of = key_of
        self._urls = {**DEFAULT_URLS, **(urls or {})}
        self._process: Process | None = None
        self._ready = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    async def ready(self, timeout_s: float = READY_S) -> bool:
        """True as soon as it can answer, False when it still cannot after `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), timeout_s)
        return self._ready.is_set()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process is not None else None

    async def __call__(self, request: Request) -> Answer:
        came = await self._asked(
            {
                "op": "ask",
                "provider": request.provider,
                "model": request.model,
                "system": request.system,
                "turn": request.turn,
                "pictures": [_url(picture.media_type, picture.data) for picture in request.pictures],
                "schema": request.schema,
                "max_tokens": request.max_tokens,
                "timeout_s": request.timeout_s,
                "temperature": request.temperature,
                "effort": request.effort,
                "cached": request.cached,
            }
        )
        return Answer(**{key: value for key, value in came.items() if key != "id"})

    async def embed(
        self,
        provider: str,
        model: str,
        texts: Sequence[str],
        *,
        timeout_s: float,
        dimensions: int | None = None,
    ) -> tuple[Sequence[Sequence[float]], int | None]:
        """(one vector a text, in their order; tokens, if they were counted). Raises CallFailed."""
        asked = {
            "op": "embed",
            "provider": provider,
            "model": model,
            "texts": list(texts),
            "dimensions": dimensions,
            "timeout_s": timeout_s,
        }
        try:
            async with asyncio.timeout(timeout_s):
                came = await self._asked(asked)
        except TimeoutError:
            raise CallFailed("timeout", billed=True) from None
        if len(came["vectors"]) != len(texts):
            raise CallFailed("malformed", billed=True)
        return came["vectors"], came["tokens_in"]

    # ---- the line to the process -------------------------------------------------------------------------------------

    async def _asked(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        if not await self.ready(document["timeout_s"]):
            raise CallFailed("no_time")  # it is still being started, which is no fault of the provider's
        provider, process = document["provider"], self._process
        if process is None or process.stdin is None:
            raise CallFailed("unreachable", counts=False)
        number = next(self._numbers)
        try:
            key = self._key_of(provider)
        except ConvoError:  # its file has gone, say
            raise CallFailed("no_key") from None
        line = {**document, "id": number, "key": key, "url": self._urls[provider]}
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        process.stdin.write(json.dumps(line).encode() + b"\n")
        try:
            came: Mapping[str, Any] = await waiting
        except asyncio.CancelledError:
            if not process.stdin.is_closing():
                process.stdin.write(b'{"cancel": %d}\n' % number)
            raise
        finally:
            self._waiting.pop(number, None)
        if "failed" in came:
            raise CallFailed(came["failed"], billed=came["billed"], counts=came["counts"])
        return came

    async def _keep(self) -> None:
        """Starts the process, reads what it answers, and starts another when it has died."""
        pause = RESTART_S[0]
        while True:
            try:
                process = await self._started()
                try:
                    if await self._read(process):
                        pause = RESTART_S[0]
                finally:
                    self._ready.clear()
                    self._process = None
                    self._give_up()
                    await _ended(process)
            except OSError as error:
                log().error("models process not started", **error_fields(error))
            log().warning("models process ended", age_s=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, RESTART_S[1])

    async def _started(self) -> Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=LONGEST_LINE,
            env=environment(os.environ),
            cwd=HOME,
            start_new_session=True,  # Ctrl-C is for the worker, which finishes its turns first
        )
        return self._process

    async def _read(self, process: Process) -> bool:
        """Hands answers out until there are no more. Whether it was ever ready."""
        assert process.stdout is not None
        async for line in process.stdout:
            came = json.loads(line)
            if "id" in came:
                waiting = self._waiting.get(came["id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(came)
            elif came.get("ready"):
                self._ready.set()
                log().info("models process ready", pid=process.pid)
            else:
                log().error("models process cannot work: is litellm installed")
        return self._ready.is_set()

    def _give_up(self) -> None:
        """Whoever waits for a process that died hears of it. What it was asked for may have been worked on."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result({"failed": "unreachable", "billed": True, "counts": False})


def environment(env: Mapping[str, str]) -> Mapping[str, str]:
    """All that the process is told: where programs, certificates and proxies are. No key, no address, no setting."""
    passed = {name: value for name, value in env.items() if name in _PASSED_ON}
    loopback = ",".join(
        filter(None, (passed.get("NO_PROXY") or passed.get("no_proxy"), "127.0.0.1,localhost"))
    )
    return {**passed, **_QUIET, "NO_PROXY": loopback, "no_proxy": loopback}


async def _ended(process: Process) -> None:
    """Its input ends, so it ends; else it is made to."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
