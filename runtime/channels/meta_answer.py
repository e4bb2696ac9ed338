"""Reads the answer to a send: accepted, refused or unknown, from the status and any of the three error envelopes.

What decides is whether the message may be on its way although the answer is an error, for it must never go twice:

* a numeric code of Meta's is an explicit refusal (its own "something went wrong" beside a 5xx is not: unknown);
* 429 and 503 turn a request away before it is worked on: refused, later;
* any other 4xx, and a redirect, refused a request that somebody read: refused, not again;
* any other 5xx came from somewhere between us and the phone: unknown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runtime.channels.meta_errors import FAULTS, UNPLANNED, Fault
from runtime.messages import Receipt

MAX_RETRY_AFTER_S = 3600.0
_KEY_STATUSES = (401, 403)


def receipt(status: int, headers: Mapping[str, str], body: bytes) -> Receipt:
    """What an HTTP answer means. A 2xx is accepted even where its body cannot be read: the provider said yes."""
    document = _document(body)
    code = _meta_code(document)
    if 200 <= status < 300 and code is None:
        return Receipt(result="accepted", provider_id=_message_id(document), code=status)
    after = _retry_after(headers)
    if code is not None:
        return _by_code(code, status, after)
    status = _own_code(document) or status
    if status in (429, 503):
        return Receipt(result="refused", detail="rate", code=status, retry=True, retry_after_s=after)
    if status >= 500:
        return Receipt(result="unknown", detail="provider", code=status)
    return Receipt(result="refused", detail="key" if status in _KEY_STATUSES else "invalid", code=status)


def _by_code(code: int, status: int, after: float | None) -> Receipt:
    fault = FAULTS.get(code, UNPLANNED)
    if fault.ambiguous and status >= 500:
        return Receipt(result="unknown", detail=fault.detail, code=code)
    if fault is UNPLANNED and status == 429:
        fault = Fault(detail="rate", retry=True)
    return Receipt(
        result="refused",
        detail=fault.detail,
        code=code,
        retry=fault.retry,
        retry_after_s=(after or fault.after_s) if fault.retry else None,
        person_stopped=fault.stopped,
    )


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _meta_code(document: Mapping[str, Any]) -> int | None:
    """Meta's numeric code, from `{error: {code}}`. 360dialog's own `{meta: {http_code}}` and `{error: "text"}` have none:
    for those the HTTP status speaks."""
    error = document.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _own_code(document: Mapping[str, Any]) -> int | None:
    """The HTTP code that 360dialog's older envelope repeats, for the day a proxy in front of it changes the real one."""
    meta = document.get("meta")
    code = meta.get("http_code") if isinstance(meta, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600 else None


def _message_id(document: Mapping[str, Any]) -> str | None:
    messages = document.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    found = first.get("id") if isinstance(first, dict) else None
    return found if isinstance(found, str) and found else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; the date form is not used by these providers."""
    value = headers.get("retry-after", "").strip()
    return min(float(value), MAX_RETRY_AFTER_S) if value.isascii() and value.isdigit() else None
