"""What every page shares: headers, colours that can be read, errors without a stranger's words."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx2
import pytest
from markupsafe import Markup

from runtime.web.pages import accent_css, linked, static_url
from tests.unit.web.world import CHAT, a_bundle, world

TENANT = a_bundle().tenant


@pytest.mark.parametrize(
    "path", ["/healthz", "/nowhere", f"/chat/{CHAT.id}", "/static/convo.css", "/static/nothing.css"]
)
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    async with world().browser() as browser:
        headers = (await browser.get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


async def test_a_crash_shows_none_of_its_words() -> None:
    w = world()

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Sam Example 07700 900123")

    w.ingest.visitor_lines = broken  # type: ignore[method-assign, assignment]
    transport = httpx2.ASGITransport(w.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://convo.example") as browser:
        answer = await browser.get(f"/chat/{CHAT.id}", headers={"accept": "text/html"})
    assert answer.status_code == 500
    assert "Something went wrong here." in answer.text
    assert "Sam" not in answer.text
    assert "content-security-policy" in answer.headers


async def test_an_error_is_a_short_page_for_a_reader_and_json_for_a_program() -> None:
    async with world().browser() as browser:
        page = await browser.get("/nowhere", headers={"accept": "text/html"})
        data = await browser.get("/nowhere", headers={"accept": "application/json"})
    assert (page.status_code, data.status_code) == (404, 404)
    assert "<h1>There is no such page.</h1>" in page.text
    assert data.json() == {"error": "There is no such page."}


def test_a_file_s_address_changes_with_its_content() -> None:
    assert static_url("convo.css").startswith("/static/convo.css?v=")
    assert static_url("convo.css") != static_url("chat.js")


@pytest.mark.parametrize(
    ("light", "ink"),
    [("#1f56b3", "#ffffff"), ("#93b8ff", "#111111"), ("#ffffff", "#111111"), ("#000000", "#ffffff")],
)
def test_the_ink_on_an_accent_is_the_one_that_can_be_read(light: str, ink: str) -> None:
    css = accent_css(replace(TENANT, accent={"light": light, "dark": "#93b8ff"}))
    assert f"--on-accent: light-dark({ink}, #111111)" in css


@pytest.mark.parametrize(
    "accent",
    [
        {},
        {"light": "#1f56b3"},
        {"light": "red", "dark": "#93b8ff"},
        {"light": "#fff", "dark": "#93b8ff"},
        {"light": "#1f56b3} body{display:none", "dark": "#93b8ff"},
    ],
)
def test_what_is_not_two_colours_is_no_rule_at_all(accent: dict[str, str]) -> None:
    assert accent_css(replace(TENANT, accent=accent)) == ""


def test_a_slug_that_is_not_one_is_no_rule_either() -> None:
    assert accent_css(replace(TENANT, slug="x] body{")) == ""


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://example.com/privacy. Then", ["https://example.com/privacy"]),
        ("(https://example.com/a?b=1&c=2)", ["https://example.com/a?b=1&amp;c=2"]),
        ("https://a.example, https://b.example!", ["https://a.example", "https://b.example"]),
        ("javascript:alert(1) example.com https://", []),
        ('https://x"onclick="y', ["https://x"]),
    ],
)
def test_web_addresses_in_our_own_text_are_links_and_nothing_else_is(text: str, links: list[str]) -> None:
    assert re.findall(r'<a href="([^"]*)"', linked(text)) == links
    assert Markup(linked(text)).striptags() == text


def test_everything_around_a_link_is_escaped() -> None:
    assert linked("<b> https://x.example <i>") == (
        '&lt;b&gt; <a href="https://x.example" rel="noopener noreferrer" target="_blank">https://x.example</a> &lt;i&gt;'
    )
