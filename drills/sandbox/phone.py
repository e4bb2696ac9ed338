"""The phone page: a WhatsApp customer, whoever of the fictional people one chooses to be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from drills.sandbox.delivery import Delivery
from drills.sandbox.state import FAULTS, Line, Number, State, new_id
from runtime.channels.wire import clean
from runtime.web.pages import linked

HERE = Path(__file__).parent
LONDON = ZoneInfo("Europe/London")
LOOK_AGAIN_S = 10.0
MAX_TEXT_CHARS = 4096
FAULT_WORDS = {
    "timeout": "Take the next message, never answer",
    "429": "Refuse the next message: too many (429)",
    "500": "Fail at the next message (500)",
    "duplicate": "Bring my next message twice",
}

MEDIA = {"audio": "Voice note", "image": "Picture", "document": "Document"}

_pages = Environment(
    loader=FileSystemLoader(HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_pages.filters["linked"] = linked


def routes(state: State, delivery: Delivery) -> list[Route]:
    """The phone's addresses."""
    phone = Phone(state, delivery)
    return [
        Route("/", phone.first),
        Route("/phone", phone.first),
        Route("/phone/{connection}", phone.page),
        Route("/phone/{connection}/messages", phone.post, methods=["POST"]),
        Route("/phone/{connection}/lines", phone.lines),
        Route("/phone/{connection}/stream", phone.stream),
        Route("/phone/{connection}/fault", phone.fault, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class Phone:
    """The handlers. `as` in the query or the post says who one is."""

    state: State
    delivery: Delivery

    async def first(self, request: Request) -> Response:
        """To the first number."""
        return RedirectResponse(f"/phone/{self.state.options.numbers[0].connection}")

    async def page(self, request: Request) -> Response:
        """The whole phone."""
        number, phone = self._who(request)
        if number is None:
            return HTMLResponse("There is no such number.", status_code=404)
        options = self.state.options
        text = _pages.get_template("phone.html").render(
            number=number,
            numbers=options.numbers,
            people=options.people,
            me=self.state.person(phone),
            lines=self._html(number, phone),
            clock=_clock(self.state) if options.shifted else None,
            now=options.clock.now().isoformat(),
            faults=FAULT_WORDS,
            media=MEDIA,
            armed=self.state.faults.get(number.connection),
        )
        self.delivery.read(number, phone)
        return HTMLResponse(text, headers={"cache-control": "no-store"})

    async def post(self, request: Request) -> Response:
        """What the customer sends: `{"as", "text"}`, `{"as", "button"}` or `{"as", "kind"}` (a file), or it as a form."""
        number, phone = self._who(request)
        fields = await _fields(request)
        phone = fields.get("as") or phone
        button = fields.get("button", "")
        kind = fields.get("kind", "text")
        text = MEDIA.get(kind) or clean(button or fields.get("text", "")).strip()
        if number is None or not phone.isdigit() or not text or len(text) > MAX_TEXT_CHARS:
            return JSONResponse({"error": "a message needs a number, a person and a text"}, status_code=422)
        if not _own(request):
            return JSONResponse({"error": "this does not come from the phone's own page"}, status_code=403)
        line = Line(
            id=new_id(),
            ours=False,
            text=text,
            at=self.state.options.clock.now(),
            status="waiting",
            kind=kind if kind in MEDIA else "text",
        )
        self.state.talk(number.connection, phone).append(line)
        self.state.touch()
        twice = self.state.take_fault(number.connection, "duplicate") is not None
        self.delivery.message(number, phone, line, button=bool(button), twice=twice)
        if _wants_page(request):
            return RedirectResponse(f"/phone/{number.connection}?as={quote(phone)}#end", status_code=303)
        return JSONResponse({"id": line.id}, status_code=202)

    async def lines(self, request: Request) -> Response:
        """All lines, as JSON."""
        number, phone = self._who(request)
        if number is None:
            return JSONResponse({"error": "there is no such number"}, status_code=404)
        return JSONResponse({"lines": [_plain(line) for line in self.state.talk(number.connection, phone)]})

    async def stream(self, request: Request) -> Response:
        """The lines as a piece of the page, again whenever something changed."""
        number, phone = self._who(request)
        if number is None:
            return Response(status_code=204)
        return EventSourceResponse(self._events(number, phone))

    async def fault(self, request: Request) -> Response:
        """Asks for one fault; it happens once."""
        number, phone = self._who(request)
        kind = (await _fields(request)).get("kind", "")
        if number is None or kind not in FAULTS or not _own(request):
            return JSONResponse({"error": f"kind is one of {', '.join(FAULTS)}"}, status_code=422)
        self.state.faults[number.connection] = next(fault for fault in FAULTS if fault == kind)
        self.state.touch()
        if _wants_page(request):
            return RedirectResponse(f"/phone/{number.connection}?as={quote(phone)}", status_code=303)
        return JSONResponse({"armed": kind})

    # ---- below: what they share ------------------------------------------------------------------------------------

    def _who(self, request: Request) -> tuple[Number | None, str]:
        phone = request.query_params.get("as", "")
        if not (phone.isascii() and phone.isdigit()):
            phone = self.state.options.people[0].phone
        return self.state.number(request.path_params["connection"]), phone

    def _html(self, number: Number, phone: str) -> str:
        talk = self.state.talk(number.connection, phone)
        return _pages.get_template("lines.html").render(
            lines=[{**_plain(line), "time": f"{line.at.astimezone(LONDON):%H:%M}"} for line in talk],
            firm=number.label,
            armed=FAULT_WORDS.get(self.state.faults.get(number.connection, "")),
        )

    async def _events(self, number: Number, phone: str) -> AsyncIterator[ServerSentEvent]:
        watched = (number.connection, phone)
        self.state.watching[watched] = self.state.watching.get(watched, 0) + 1
        try:
            shown = None
            while True:
                seen = self.state.generation
                lines = self._html(number, phone)
                if lines != shown:
                    shown = lines
                    yield ServerSentEvent(lines, event="lines")
                await self.state.changed(seen, LOOK_AGAIN_S)
        finally:
            self.state.watching[watched] -= 1


def _plain(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "ours": line.ours,
        "text": line.text,
        "options": list(line.options),
        "status": line.status,
        "at": line.at.isoformat(),
    }


def _clock(state: State) -> str:
    now = state.options.clock.now().astimezone(LONDON)
    return f"{now:%a} {now.day} {now:%b %Y, %H:%M}"


async def _fields(request: Request) -> dict[str, str]:
    if "application/json" in request.headers.get("content-type", ""):
        try:
            body = await request.json()
        except ValueError:
            return {}
        return {k: v for k, v in body.items() if isinstance(v, str)} if isinstance(body, dict) else {}
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    return {name: values[0] for name, values in form.items()}


def _own(request: Request) -> bool:
    """A post from another site's page is refused; a program on this machine names no origin."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
