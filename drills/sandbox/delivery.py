"""Brings webhooks to the runtime as the provider does: at least once, again and again until it answers 200."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from drills.sandbox.media import described
from drills.sandbox.state import Line, Number, State

ANSWER_WITHIN_S = 5.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
DELIVERED_AFTER_S = 0.15
READ_AFTER_S = 0.6


class Delivery:
    """Every event is one task that ends when the runtime has said 200."""

    def __init__(self, state: State, http: httpx2.AsyncClient) -> None:
        self._state = state
        self._http = http
        self._tasks: set[asyncio.Task[None]] = set()

    def message(self, number: Number, phone: str, line: Line, *, button: bool, twice: bool = False) -> None:
        """What a customer wrote or chose."""
        person = self._state.person(phone)
        content: dict[str, Any] = {"type": "text", "text": {"body": line.text}}
        if button:
            reply = {"type": "button_reply", "button_reply": {"id": "option", "title": line.text}}
            content = {"type": "interactive", "interactive": reply}
        if line.kind != "text":
            content = {"type": line.kind, line.kind: described(line)}
        message = {"from": phone, "id": line.id, "timestamp": _seconds(line), **content}
        contact = {"wa_id": phone, "profile": {"name": person.name}}
        payload = _envelope(number, contacts=[contact], messages=[message])

        def stored() -> None:
            line.status = "delivered"
            self._state.touch()

        for _ in range(2 if twice else 1):
            self._start(self._bring(number, payload, stored))

    def statuses(self, number: Number, phone: str, line: Line) -> None:
        """`sent`, then `delivered`, then `read` as soon as somebody looks at the phone."""

        async def report() -> None:
            await self._status(number, phone, line, "sent")
            await asyncio.sleep(DELIVERED_AFTER_S)
            line.status = "delivered"
            self._state.touch()
            await self._status(number, phone, line, "delivered")

        self._start(report())
        if self._state.watching.get((number.connection, phone)):
            self.read(number, phone)

    def read(self, number: Number, phone: str) -> None:
        """The customer looks at the phone: what the firm sent is read."""

        async def report(line: Line) -> None:
            await asyncio.sleep(READ_AFTER_S)
            line.status = "read"
            self._state.touch()
            await self._status(number, phone, line, "read")

        for line in self._state.talk(number.connection, phone):
            if line.ours and not line.read_reported:
                line.read_reported = True
                self._start(report(line))

    async def close(self) -> None:
        """Gives up what is still on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _status(self, number: Number, phone: str, line: Line, status: str) -> None:
        told: dict[str, Any] = {
            "id": line.id,
            "status": status,
            "timestamp": str(int(self._state.options.clock.now().timestamp())),
            "recipient_id": phone,
        }
        if line.key is not None:
            told["biz_opaque_callback_data"] = line.key
        await self._bring(number, _envelope(number, statuses=[told]), lambda: None)

    async def _bring(self, number: Number, payload: Mapping[str, Any], done: Callable[[], None]) -> None:
        pause = FIRST_PAUSE_S
        body = json.dumps(payload, ensure_ascii=False).encode()
        while not await self._once(number, body):
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        done()

    async def _once(self, number: Number, body: bytes) -> bool:
        hook = self._state.hooks[number.connection]
        if not hook.url:
            return False
        try:
            answer = await self._http.post(
                hook.url,
                content=body,
                headers={"content-type": "application/json", **hook.headers},
                timeout=ANSWER_WITHIN_S,
            )
        except httpx2.HTTPError:
            return False
        return answer.status_code == 200

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _envelope(number: Number, **value: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": number.number, "phone_number_id": number.phone_number_id}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    return {"object": "whatsapp_business_account", "entry": [{"id": "EXAMPLE", "changes": [change]}]}


def _seconds(line: Line) -> str:
    return str(int(line.at.timestamp()))
