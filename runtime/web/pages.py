"""What every page shares: templates, static files with lasting names, the tenant's colours, plain errors."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from runtime.web.headers import HEADERS
from schemas.bundle import Tenant

HERE = Path(__file__).parent
STATIC = HERE / "static"
FOR_A_YEAR = "public, max-age=31536000, immutable"
NOT_KEPT = "no-store"

_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9-]+")
_ADDRESS = re.compile(r"(https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]])")
WHITE, BLACK = "#ffffff", "#111111"


def render(
    template: str, context: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """A page from its template, found under runtime/web, and its context (a dataclass or a mapping)."""
    text = environment().get_template(template).render(_names(context))
    return HTMLResponse(text, status_code=status, headers={"cache-control": NOT_KEPT, **(headers or {})})


@cache
def environment() -> Environment:
    """The one template environment: everything is escaped, and a name that is not there is an error."""
    found = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["static"] = static_url
    found.filters["linked"] = linked
    return found


@cache
def static_url(name: str) -> str:
    """Where a file of ours is served; the address changes with its content, so browsers may keep it for a year."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def linked(text: str) -> Markup:
    """Our own text, escaped, its web addresses as links. A person's words are never given here: their links stay text."""
    parts = _ADDRESS.split(text)
    # Every second part is an address: what the pattern caught.
    return Markup("").join(
        Markup('<a href="{0}" rel="noopener noreferrer" target="_blank">{0}</a>').format(part)
        if n % 2
        else part
        for n, part in enumerate(parts)
    )


class Static(StaticFiles):
    """Our own files. With the digest in the query they may be kept for a year."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if scope["query_string"].startswith(b"v="):
            response.headers["cache-control"] = FOR_A_YEAR
        return response


def accent_css(tenant: Tenant) -> str:
    """The tenant's colours as a rule for `[data-tenant=<slug>]`, from its `light` and `dark`: the accent itself, its faint
    ground, and the ink that can be read on it. '' where these are not two colours of six hex digits.
    """
    light, dark = tenant.accent.get("light", ""), tenant.accent.get("dark", "")
    if not (_COLOUR.fullmatch(light) and _COLOUR.fullmatch(dark) and _SLUG.fullmatch(tenant.slug)):
        return ""
    return (
        f"[data-tenant={tenant.slug}] {{ --accent: light-dark({light}, {dark});"
        f" --accent-bg: light-dark(color-mix(in oklab, {light} 10%, #ffffff), color-mix(in oklab, {dark} 20%, #17191c));"
        f" --on-accent: light-dark({_ink_on(light)}, {_ink_on(dark)}); }}\n"
    )


def _ink_on(colour: str) -> str:
    """White or black, whichever has the higher contrast (WCAG 2) on the colour."""
    light = _luminance(colour)
    return WHITE if 1.05 / (light + 0.05) >= (light + 0.05) / (_luminance(BLACK) + 0.05) else BLACK


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def plain_error(request: Request, status: int, title: str, words: str = "") -> Response:
    """A short page, or JSON for a caller that does not ask for a page."""
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"error": title}, status_code=status, headers={"cache-control": NOT_KEPT})
    context = {"title": title, "words": words, "lang": "en-GB", "tenant": ""}
    return render("error.html", context, status=status)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (no such page, wrong method) in our words."""
    assert isinstance(error, HTTPException)
    titles = {404: "There is no such page.", 405: "This address does not take that."}
    response = plain_error(request, error.status_code, titles.get(error.status_code, error.detail))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def on_crash(request: Request, error: Exception) -> Response:
    """Something we did not foresee; its words may hold a person's, so none are shown."""
    words = "It has been noted. What the page showed as sent is safe. Try again in a moment."
    response = plain_error(request, 500, "Something went wrong here.", words)
    response.raw_headers.extend(HEADERS)  # this answer is made outside the middleware
    return response


def _names(context: object) -> dict[str, Any]:
    if dataclasses.is_dataclass(context) and not isinstance(context, type):
        return {field.name: getattr(context, field.name) for field in dataclasses.fields(context)}
    assert isinstance(context, Mapping)
    return dict(context)
