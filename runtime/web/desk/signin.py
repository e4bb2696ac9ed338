"""The only way in yet: a one-time link, from this machine, in development. And the way out."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from runtime.ports import DatabaseDown
from runtime.storage.access import SESSION_LIFE
from runtime.web import pages
from runtime.web.desk import gate, words
from runtime.web.desk.deps import DeskDeps
from runtime.web.desk.gate import COOKIE, PATH, Visit

HOW = "Ask for a link where the server runs: convo desk link. It works once, for 15 minutes, on that machine."

_DEAD = {
    "used": "This link was used already.",
    "expired": "This link is older than 15 minutes.",
    "unknown": "This is not a link we gave.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """The context of desk/sign-in.html. `action` None: there is no button, `words` say why."""

    title: str
    words: str
    action: str | None = None
    button: str = ""
    lang: str = "en-GB"
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Doors:
    """The two addresses that are open to somebody who is not signed in."""

    deps: DeskDeps

    async def how(self, request: Request) -> Response:
        """How to sign in."""
        return pages.render(
            "desk/sign-in.html", SignIn(title="You are not signed in.", words=HOW), status=401
        )

    async def show(self, request: Request) -> Response:
        """Looks at a link without using it up, so that nothing which merely fetches it can."""
        if not self._here(request):
            return self._nowhere(request)
        try:
            link = await self.deps.access.link(request.path_params["token"], now=self.deps.clock.now())
        except DatabaseDown:
            return gate.away(request)
        if link.state != "good":
            return _dead(link.state)
        role = words.ROLES.get(link.role, link.role).lower()
        page = SignIn(
            title=f"Sign in as {link.operator}?",
            words=f"Role: {role}. This link works once. You stay signed in for 12 hours at most.",
            action=str(request.url.path),
            button=f"Sign in as {link.operator}",
        )
        return pages.render("desk/sign-in.html", page)

    async def enter(self, request: Request) -> Response:
        """Uses the link up, and opens the desk."""
        if not self._here(request):
            return self._nowhere(request)
        if not gate.same_site(request):
            return pages.plain_error(request, 403, "This form does not come from the desk’s own page.")
        token, now = request.path_params["token"], self.deps.clock.now()
        try:
            session = await self.deps.access.enter(token, now=now)
            if session is None:
                return _dead((await self.deps.access.link(token, now=now)).state)
        except DatabaseDown:
            return gate.away(request)
        response = RedirectResponse(PATH, status_code=303, headers={"cache-control": "no-store"})
        response.set_cookie(
            COOKIE,
            session,
            max_age=int(SESSION_LIFE.total_seconds()),
            path=PATH,
            secure=not self.deps.dev,
            httponly=True,
            samesite="strict",
        )
        return response

    def _here(self, request: Request) -> bool:
        """Whether links open the desk here at all, and for this caller: development, and the same machine."""
        return self.deps.dev and _loopback(request.client.host if request.client else "")

    def _nowhere(self, request: Request) -> Response:
        return pages.plain_error(
            request, 404, "There is no such page.", "One-time links work in development, on the same machine."
        )


async def sign_out(visit: Visit) -> Response:
    """Ends the session on the server, then in the browser."""
    await visit.deps.access.leave(visit.session, now=visit.now)
    response = RedirectResponse(f"{PATH}/sign-in", status_code=303)
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict", secure=not visit.deps.dev)
    return response


def _dead(state: str) -> Response:
    title = _DEAD.get(state, "This link was used already.")
    return pages.render("desk/sign-in.html", SignIn(title=title, words=HOW), status=410)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
