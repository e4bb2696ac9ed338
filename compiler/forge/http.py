"""Reading a code host's REST API: one origin, patience within bounds, and a token that is shown to nobody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 10.0
ATTEMPTS = 4
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
PER_PAGE = 100
MAX_PAGES = 50
MAX_BYTES = 8 << 20
JSON, RAW = "application/vnd.github+json", "application/vnd.github.raw+json"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
BUSY = frozenset({429, 500, 502, 503, 504})


class ForgeRefused(Exception):
    """The code host did not give what was asked for, and why as far as it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """`root` is the address of the API without a slash at its end. `sleep` waits so many seconds."""

    root: str
    http: httpx2.Client = field(repr=False)
    sleep: Callable[[float], None] = field(repr=False)
    timeout_s: float = TIMEOUT_S

    def get(self, path: str, params: Mapping[str, str] = {}) -> Any:
        """The JSON at a path. Raises ForgeRefused."""
        return _json(path, self._get(f"{self.root}{path}", params, JSON))

    def raw(self, path: str, params: Mapping[str, str]) -> bytes:
        """The bytes of a file. Raises ForgeRefused."""
        return bytes(self._get(f"{self.root}{path}", params, RAW).content)

    def pages(self, path: str) -> Iterator[Any]:
        """Every item of a list that comes in pages. Raises ForgeRefused."""
        response = self._get(f"{self.root}{path}", {"per_page": f"{PER_PAGE}"}, JSON)
        for _ in range(MAX_PAGES):
            rows = _json(path, response)
            if not isinstance(rows, list):
                raise ForgeRefused(f"{path} is not the list it should be")
            yield from rows
            following = response.links.get("next", {}).get("url")
            if following is None:
                return
            if not following.startswith(f"{self.root}/"):  # the token is for this host and no other
                raise ForgeRefused(f"{path} goes on at another address")
            response = self._get(following, {}, JSON)
        raise ForgeRefused(f"{path} has more than {MAX_PAGES} pages")

    def _get(self, url: str, params: Mapping[str, str], accept: str) -> httpx2.Response:
        import httpx2

        path = urlsplit(url).path
        wait, said = FIRST_WAIT_S, ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self.sleep(wait)
            wait = FIRST_WAIT_S * 2 ** (attempt + 1)
            try:
                response = self.http.get(
                    url, params=dict(params) or None, headers={"Accept": accept}, timeout=self.timeout_s
                )
            except httpx2.TimeoutException:
                said = "it did not answer in time"
                continue
            except httpx2.HTTPError as error:
                said = f"it cannot be reached ({type(error).__name__})"
                continue
            if not _try_again(response):
                return _given(path, response)
            said = f"it answers {response.status_code}"
            asked = response.headers.get("retry-after", "")
            if asked.isdigit():
                wait = float(asked)
                if wait > LONGEST_WAIT_S:
                    raise ForgeRefused(f"{path}: the code host asks to wait {asked} seconds; try again then")
        raise ForgeRefused(f"{path}: the code host is not available: {said}")


def api_of(host: str, address: str, token: str, *, sleep: Callable[[float], None]) -> Api:
    """The API of a code host: `address`, or the usual place. Raises ForgeRefused when the token would travel in the open."""
    import httpx2

    root = (address or (f"https://api.{host}" if host == "github.com" else f"https://{host}/api/v3")).rstrip(
        "/"
    )
    parts = urlsplit(root)
    local = parts.hostname in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ForgeRefused("the address of the API must begin with https://")
    if not token.strip():
        raise ForgeRefused("the token is empty")
    headers = {"Authorization": f"Bearer {token.strip()}", "X-GitHub-Api-Version": "2022-11-28"}
    http = httpx2.Client(headers=headers, follow_redirects=False, trust_env=not local)
    return Api(root=root, http=http, sleep=sleep)


def _try_again(response: httpx2.Response) -> bool:
    limited = response.status_code == 403 and (
        "retry-after" in response.headers or response.headers.get("x-ratelimit-remaining") == "0"
    )
    return limited or response.status_code in BUSY


def _given(path: str, response: httpx2.Response) -> httpx2.Response:
    match response.status_code:
        case 200 if len(response.content) <= MAX_BYTES:
            return response
        case 200:
            raise ForgeRefused(f"{path} is larger than {MAX_BYTES:,} bytes")
        case 401:
            raise ForgeRefused("the code host does not know the token, or it has expired")
        case 403:
            raise ForgeRefused(f"{path}: the token may not read this")
        case 404:
            raise ForgeRefused(f"{path}: there is no such thing, or the token may not see it")
        case code if 300 <= code < 400:
            raise ForgeRefused(f"{path}: it has moved; enrol the repository under its present name")
        case code:
            raise ForgeRefused(f"{path}: the code host answers {code}")


def _json(path: str, response: httpx2.Response) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        raise ForgeRefused(f"{path}: the answer cannot be read; it may have been cut off") from None
