"""The desk: where operators see what is going on, why, and stop it. Every address is shut unless it is opened by name here."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from runtime.web import pages
from runtime.web.desk import bundles, cases, conversations, gate, live, overview, queue, signin, stop, words
from runtime.web.desk.conversation import ConversationPages, Looks
from runtime.web.desk.deps import DeskDeps
from runtime.web.desk.writing import WritingPages

__all__ = ["DeskDeps", "routes"]


def routes(deps: DeskDeps) -> list[BaseRoute]:
    """Every address of the desk. The first three are open to somebody who is not signed in; no other is."""
    pages.environment().filters.update(short=words.short, pattern=words.pattern)
    doors = signin.Doors(deps)
    one = ConversationPages(Looks())
    writing = WritingPages(one)
    shut: list[tuple[str, str, str, gate.Handler]] = [
        ("GET", "", "look", overview.overview),
        ("GET", "/conversations", "look", conversations.conversations),
        ("GET", "/conversations/{conversation:uuid}", "look", one.show),
        ("POST", "/conversations/{conversation:uuid}/take-over", "take_over", one.take_over),
        ("POST", "/conversations/{conversation:uuid}/hand-back", "hand_back", one.hand_back),
        ("POST", "/conversations/{conversation:uuid}/lift-hold", "lift_hold", one.lift_hold),
        ("POST", "/conversations/{conversation:uuid}/typing", "write", writing.typing),
        ("POST", "/conversations/{conversation:uuid}/say", "write", writing.say),
        ("GET", "/cases", "look", cases.cases),
        ("POST", "/cases/{case:uuid}/close", "close_case", cases.close),
        ("GET", "/queue", "look", queue.queue),
        ("POST", "/queue/{what}/{kind}/{item:uuid}", "replay", queue.settle),
        ("GET", "/bundles", "look", bundles.bundles),
        ("GET", "/stop", "look", stop.stop),
        ("POST", "/stop", "kill", stop.kill),
        ("POST", "/start", "enable", stop.enable),
        ("GET", "/stream", "look", live.stream),
        ("GET", "/accent.css", "look", live.accent),
        ("POST", "/sign-out", "sign_out", signin.sign_out),
    ]
    return [
        Route("/desk/in/{token}", doors.show, methods=["GET"]),
        Route("/desk/in/{token}", doors.enter, methods=["POST"]),
        Route("/desk/sign-in", doors.how, methods=["GET"]),
        *(
            Route(gate.PATH + path, gate.opened(deps, act, handler), methods=[method])
            for method, path, act, handler in shut
        ),
    ]
