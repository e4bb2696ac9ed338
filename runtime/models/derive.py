"""Derives prices.json, and the names the compiler knows, from the price map that the pinned litellm ships.

    python -m runtime.models.derive

Money is turned once, by a fixed rate that is worse than the market's, and rounded up: a spend breaker must not trip too late.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import schemas
from runtime.settings import PROVIDERS

PENCE_A_DOLLAR = 85  # a pound at $1.18; dearer than it has been, so that a weak week changes nothing
MICRO = 1_000_000  # micropence in a penny
MAP = "model_prices_and_context_window_backup.json"
FILE = Path(__file__).parent / "prices.json"
NAMES = (
    Path(schemas.__file__).parent / "models.json"
)  # read by the compiler, which does not know this package
FIELDS = {  # ours -> litellm's
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "read": "cache_read_input_token_cost",
    "write": "cache_creation_input_token_cost",
}
_ABOVE = ("_above_100k_tokens", "_above_128k_tokens", "_above_200k_tokens", "_above_272k_tokens")


def derived(litellms: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The document of prices.json. Models without a price, or at none, are left out: unknown means the dearest."""
    models = {}
    for name, entry in litellms.items():
        provider = entry.get("litellm_provider")
        if provider not in PROVIDERS or name.startswith("ft:") or not entry.get("input_cost_per_token"):
            continue
        if entry.get("mode") == "chat" and entry.get("output_cost_per_token"):
            models[_key(provider, name)] = _chat(provider, name, entry)
        elif entry.get("mode") == "embedding":
            models[_key(provider, name)] = {
                "embeds": True,
                "input": _micropence(entry["input_cost_per_token"]),
            }
    return {"pence_a_dollar": PENCE_A_DOLLAR, "models": dict(sorted(models.items()))}


def as_text(document: Mapping[str, Any]) -> str:
    """One model a line, so that a change of price is a change of one line."""
    lines = [f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in document["models"].items()]
    return '{{"pence_a_dollar": {}, "models": {{\n{}\n}}}}\n'.format(
        document["pence_a_dollar"], ",\n".join(lines)
    )


def names_as_text(document: Mapping[str, Any]) -> str:
    """The models that can be asked and have a price, one a line."""
    asked = [name for name, entry in document["models"].items() if not entry.get("embeds")]
    return json.dumps(asked, indent=1) + "\n"


def shipped_map() -> Mapping[str, Mapping[str, Any]]:
    """litellm's own map, read as a file: importing litellm takes seconds. Raises FileNotFoundError without litellm."""
    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("litellm is not installed")
    loaded = json.loads((Path(spec.submodule_search_locations[0]) / MAP).read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def _key(provider: str, name: str) -> str:
    return f"{provider}/{name.removeprefix(provider + '/')}"


def _chat(provider: str, name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    made: dict[str, Any] = _prices(entry, "")
    for above in _ABOVE:
        if f"input_cost_per_token{above}" in entry:
            tokens = int(above.removeprefix("_above_").removesuffix("k_tokens")) * 1000
            made.setdefault("above", []).append({"tokens": tokens, **_prices(entry, above)})
    effort = _effort(provider, name, entry)
    thinks = entry.get("thinking_always_on") or effort not in (None, "none")
    return {
        **made,
        "temperature": _takes_temperature(provider, name, entry, effort),
        "vision": bool(entry.get("supports_vision")),
        "effort": effort,
        "thinks": bool(thinks),
        "cache_min": int(entry.get("prompt_cache_min_tokens") or 1024),
    }


def _prices(entry: Mapping[str, Any], above: str) -> dict[str, Any]:
    plain = {field: entry.get(theirs + above, entry.get(theirs)) for field, theirs in FIELDS.items()}
    plain["read"] = plain["read"] or plain["input"]  # no price for cached tokens: they cost what all cost
    plain["write"] = plain["write"] or plain["input"]
    return {field: _micropence(dollars) for field, dollars in plain.items()}


def _effort(provider: str, name: str, entry: Mapping[str, Any]) -> str | None:
    """The least thinking that the model allows; None where it does not think unless told to."""
    if provider == "anthropic" or not entry.get("supports_reasoning"):
        return None
    if provider == "gemini":
        never = "pro" in name or entry.get("supports_minimal_reasoning_effort") is False
        return "low" if never else "none"
    if entry.get("supports_none_reasoning_effort"):
        return "none"
    return "minimal" if entry.get("supports_minimal_reasoning_effort") else "low"


def _takes_temperature(provider: str, name: str, entry: Mapping[str, Any], effort: str | None) -> bool:
    if entry.get("supports_sampling_params") is False or "gemini-3" in name:
        return False
    return provider != "openai" or effort in (None, "none")


def _micropence(dollars_a_token: float) -> int:
    exact = Decimal(repr(dollars_a_token)) * PENCE_A_DOLLAR * MICRO
    return int(exact.to_integral_value(rounding=ROUND_CEILING))


if __name__ == "__main__":
    made = derived(shipped_map())
    FILE.write_text(as_text(made), encoding="utf-8")
    NAMES.write_text(names_as_text(made), encoding="utf-8")
    sys.stdout.write(f"{FILE.name}: {len(made['models'])} models\n")
