"""Every door of the desk: who is signed in, whose tenant it is, what their role may do, and whether a form is its own page's."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from runtime.errors import BundleMissing
from runtime.ports import DatabaseDown
from runtime.storage.access import Operator, csrf_of, good_form
from runtime.storage.tenants import Owner
from runtime.web import body, pages
from runtime.web.desk.deps import DeskDeps
from runtime.web.desk.roles import may
from schemas.bundle import Bundle

COOKIE = "convo_desk"
PATH = "/desk"
LIVE = "live"  # the id of the part of a page that is fetched again
MAX_FORM_BYTES = 16 << 10
RETRY_AFTER_S = 5
HOME_ZONE = "Europe/London"  # where a tenant has no bundle to say

Handler = Callable[["Visit"], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody who is signed in. `owner` is the tenant on show, `owners` all they may see."""

    request: Request
    deps: DeskDeps
    operator: Operator
    session: str = field(repr=False)
    owner: Owner
    owners: tuple[Owner, ...]
    now: datetime
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def bundle(self) -> Bundle | None:
        """The bundle in force here; None when there is none to serve."""
        return bundle_of(self.deps, self.owner.tenant_id)

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's own time zone."""
        return ZoneInfo(self.bundle.policy.timezone if self.bundle else HOME_ZONE)

    @property
    def csrf(self) -> str:
        return csrf_of(self.session)

    @property
    def partial(self) -> bool:
        """Whether only the live part of the page is wanted."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and headers.get("hx-target") == LIVE

    def may(self, act: str) -> bool:
        return may(self.operator.role, act)

    def url(self, path: str = "", **query: str | None) -> str:
        """An address of this desk about this tenant. Query values that are None are left out."""
        kept = {"tenant": self.owner.slug, **query}
        return f"{PATH}{path}?" + urlencode(
            {name: value for name, value in kept.items() if value is not None}
        )

    def back(self, path: str, done: str, anchor: str = "") -> Response:
        """After an act: to the page that shows what it did."""
        return RedirectResponse(self.url(path, done=done) + anchor, status_code=303)


def opened(deps: DeskDeps, act: str, handler: Handler) -> Endpoint:
    """An endpoint for those whose role may do `act`. Without a session: to the page that says how to get one."""

    async def endpoint(request: Request) -> Response:
        try:
            visit = await _enter(deps, act, request)
            return await handler(visit) if isinstance(visit, Visit) else visit
        except DatabaseDown:
            return away(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except body.TooLarge:
            return pages.plain_error(request, 413, "That is too long for this form.")

    return endpoint


async def _enter(deps: DeskDeps, act: str, request: Request) -> Visit | Response:
    now = deps.clock.now()
    session = request.cookies.get(COOKIE, "")
    operator = await deps.access.operator(session, now=now) if session else None
    if operator is None:
        return _signed_out(request)
    form: dict[str, str] = {}
    if request.method == "POST":
        if not same_site(request):
            return pages.plain_error(request, 403, "This form does not come from the desk’s own page.")
        raw = await body.read(request.scope, request.receive, MAX_FORM_BYTES)
        form = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        if not good_form(operator, form.get("csrf", "")):
            return pages.plain_error(
                request,
                403,
                "This form is not of your session.",
                "Open the page again and repeat what you did.",
            )
    owners = tuple(o for o in await deps.desk.owners() if o.tenant_id in operator.tenants)
    slug = request.query_params.get("tenant")
    owner = next((o for o in owners if slug in (None, o.slug)), None)
    if owner is None:
        return pages.plain_error(request, 404, "There is no such page.")
    if not may(operator.role, act):
        return pages.plain_error(
            request, 403, "Your role may not do this.", "Nothing was changed. Ask an owner or admin."
        )
    return Visit(
        request=request,
        deps=deps,
        operator=operator,
        session=session,
        owner=owner,
        owners=owners,
        now=now,
        form=form,
    )


def bundle_of(deps: DeskDeps, tenant_id: int) -> Bundle | None:
    """The bundle in force for a tenant; None when there is none to serve."""
    try:
        return deps.bundles.in_force(tenant_id)
    except BundleMissing:
        return None


def same_site(request: Request) -> bool:
    """Whether a post comes from a page of our own. Browsers say where a post comes from; who says nothing has no cookie
    that could be misused, for the cookie is never sent along from another site.
    """
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


def away(request: Request) -> Response:
    """The database cannot be reached."""
    response = pages.plain_error(
        request,
        503,
        "The desk cannot read the database right now.",
        "Messages are kept by whoever sends them and arrive later; nothing is lost. Try again in a moment.",
    )
    response.headers["retry-after"] = str(RETRY_AFTER_S)
    return response


def _signed_out(request: Request) -> Response:
    to = f"{PATH}/sign-in"
    if request.headers.get("hx-request") == "true":
        return Response(html.escape("Signed out."), status_code=401, headers={"hx-redirect": to})
    return RedirectResponse(to, status_code=303, headers={"cache-control": "no-store"})
