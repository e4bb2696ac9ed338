"""How a reply came about: the route, each rung and what it did, the moves, what was checked, and the prompt. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.web.desk import words

SHOWN_CANDIDATES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding on the way. `where`: the characters it is about, if the check says."""

    rule: str
    message: str
    where: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One rung that was tried and did not lead to the reply, and why."""

    name: str
    came_to: str
    findings: tuple[Found, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call to a model, or one that was left out."""

    what: str  # draft, repair or check, and the rung
    model: str
    came_to: str
    tone: str
    figures: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One sentence of the model's own before the second opinion."""

    say: str
    allowed: bool
    by: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """Ready to show; what is empty has nothing to show."""

    chosen: str
    route: str
    screened: tuple[str, ...]
    candidates: tuple[str, ...]
    moves: tuple[str, ...]
    rungs: tuple[Rung, ...]
    asks: tuple[Asked, ...]
    checked: tuple[Checked, ...]
    prompt_digest: str
    prompt_size: str
    prompt: str
    spent: str
    alerts: tuple[str, ...]


_RUNGS = {
    "register_only": "the register, without a model",
    "canned": "a fixed line",
    "cheap": "the cheap model",
    "primary": "the first model",
    "fallback": "the second model",
    "tertiary": "the third model",
    "model": "the models",
    "checker": "the second opinion",
    "search": "the search",
    "screen": "the screen",
}
_PURPOSES = {"draft": "Draft", "repair": "Repair", "check": "Second opinion"}
_ROUTES = {
    "simple": "Simple: the cheap model first",
    "full": "Full: the first model",
    "none": "No model was asked",
}


def how(body: Mapping[str, Any]) -> How | None:
    """From the turn's audit entry; None when it can no longer be read. Entries of earlier versions lack some of it."""
    if not body:
        return None
    prompt = _mapping(body.get("prompt"))
    return How(
        chosen=_chosen(body),
        route=_route(_mapping(body.get("route"))),
        screened=tuple(_signal(s) for s in _list(_mapping(body.get("verdict")).get("signals"))),
        candidates=tuple(_candidate(c) for c in _sequence(body.get("candidates")))[:SHOWN_CANDIDATES],
        moves=tuple(_move(move) for move in _list(body.get("moves"))),
        rungs=tuple(_rung(attempt) for attempt in _list(body.get("attempts"))),
        asks=tuple(_asked(ask) for ask in _list(body.get("asks"))),
        checked=tuple(_checked(each) for each in _list(body.get("checked"))),
        prompt_digest=str(prompt.get("system_sha256") or ""),
        prompt_size=f"about {prompt['tokens']:,} tokens" if isinstance(prompt.get("tokens"), int) else "",
        prompt=str(prompt.get("turn") or ""),
        spent=_spent(body),
        alerts=tuple(words.plain(str(a)) for a in _sequence(body.get("alerts"))),
    )


def _chosen(body: Mapping[str, Any]) -> str:
    rung = _RUNGS.get(str(body.get("rung")), words.plain(str(body.get("rung") or "")))
    model = f", {body.get('provider')} {body.get('model')}" if body.get("model") else ""
    reason = words.reason(str(body.get("reason") or ""))
    return f"by {rung}{model}: {reason}" if rung else reason


def _route(route: Mapping[str, Any]) -> str:
    if not route:
        return ""
    return f"{_ROUTES.get(str(route.get('route')), str(route.get('route')))}, by rule {route.get('rule')}"


def _signal(signal: Mapping[str, Any]) -> str:
    reading = str(signal.get("reading") or "raw")
    seen = f", in the {reading} reading" if reading != "raw" else ""
    return f"{words.plain(str(signal.get('category')))} by {signal.get('pattern')}{seen}"


def _candidate(candidate: Any) -> str:
    pair = [*_sequence(candidate), "", ""]
    return f"{pair[0]} {pair[1]}".strip()


def _move(move: Mapping[str, Any]) -> str:
    """A move in a few words: `claim DD-D04 short`, `say “Good question.”`."""
    kind = next((name for name in move if name not in ("variant", "slots")), "")
    value = move.get(kind)
    match kind:
        case "say":
            return f"say “{value}”"
        case "claim":
            variant = move.get("variant")
            return f"claim {value}" + (f" {variant}" if variant not in (None, "full") else "")
        case "silence":
            return "silence"
        case _:
            listed = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            return f"{kind} {listed}"


def _rung(attempt: Mapping[str, Any]) -> Rung:
    name = str(attempt.get("rung"))
    findings = tuple(_found(f) for f in _list(attempt.get("findings")))
    return Rung(
        name=_RUNGS.get(name, words.plain(name)), came_to=str(attempt.get("result")), findings=findings
    )


def _found(found: Mapping[str, Any]) -> Found:
    start, end = found.get("start"), found.get("end")
    where = f"{start}–{end}" if isinstance(end, int) and end > 0 else ""
    tone = {"block": "danger", "warn": "hold"}.get(str(found.get("severity")), "")
    return Found(rule=str(found.get("rule")), message=str(found.get("message")), where=where, tone=tone)


def _asked(ask: Mapping[str, Any]) -> Asked:
    result = str(ask.get("result"))
    purpose = _PURPOSES.get(str(ask.get("purpose")), "")
    rung = _RUNGS.get(str(ask.get("rung")), str(ask.get("rung") or ""))
    figures = [words.seconds(_int(ask, "latency_ms") / 1000)] if ask.get("latency_ms") else []
    tokens = _int(ask, "tokens_in"), _int(ask, "tokens_out")
    if any(tokens):
        cached = f" ({_int(ask, 'cached_tokens'):,} from the cache)" if ask.get("cached_tokens") else ""
        figures.append(f"{tokens[0]:,} tokens in{cached}, {tokens[1]:,} out")
    if cost := _int(ask, "cost_micropence"):
        figures.append(pence(cost))
    return Asked(
        what=f"{purpose}, {rung}" if purpose and rung else purpose or rung,
        model=f"{ask.get('provider')} {ask.get('model')}",
        came_to=words.plain(result),
        tone="ok" if result == "answered" else "hold",
        figures=", ".join(figures),
    )


def _checked(each: Mapping[str, Any]) -> Checked:
    answers = _mapping(each.get("answers"))
    by = " ".join(str(each[k]) for k in ("provider", "model") if each.get(k))
    return Checked(
        say=str(each.get("say")),
        allowed=each.get("allowed") is True,
        by=by,
        answers=tuple(f"{words.plain(str(name))}: {answer}" for name, answer in answers.items()),
    )


def _spent(body: Mapping[str, Any]) -> str:
    cost, took = _int(body, "cost_micropence"), _int(body, "latency_ms")
    parts = [pence(cost)] if cost else []
    return ", ".join([*parts, f"{words.seconds(took / 1000)} for the whole turn"]) if took or cost else ""


def pence(micropence: int) -> str:
    """`0.0183p`: what one turn costs is far below a penny."""
    return f"{micropence / words.PENCE:.4f}p"


def _int(holder: Mapping[str, Any], key: str) -> int:
    value = holder.get(key)
    return value if isinstance(value, int) else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in _sequence(value) if isinstance(each, Mapping)]
