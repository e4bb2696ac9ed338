"""Does a provider answer, and does it take our key? Asks for its list of models, which costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2

from runtime.errors import ConvoError

WITHIN_S = 5.0


class Unreachable(ConvoError):
    """The provider cannot be reached, or does not take the key."""


def reach(provider: str, url: str, key: str) -> str:
    """A few words on how it answered. Raises Unreachable, whose words hold no key."""
    host = urlsplit(url).netloc
    try:
        with httpx2.Client(timeout=WITHIN_S, trust_env=urlsplit(url).scheme == "https") as http:
            status = http.get(url + _path(provider), headers=_headers(provider, key)).status_code
    except (httpx2.HTTPError, ValueError) as error:
        raise Unreachable(f"{host} cannot be reached ({type(error).__name__})") from None
    if status == 200:
        return f"{host} answers and takes the key"
    if status in (400, 401, 403):
        raise Unreachable(f"{host} answers and does not take the key (status {status})")
    raise Unreachable(f"{host} answers with status {status}")


def _path(provider: str) -> str:
    return "/v1/models" if provider == "anthropic" else "/models"


def _headers(provider: str, key: str) -> Mapping[str, str]:
    match provider:
        case "anthropic":
            return {"x-api-key": key, "anthropic-version": "2023-06-01"}
        case "gemini":
            return {"x-goog-api-key": key}
        case _:
            return {"authorization": f"Bearer {key}"}
