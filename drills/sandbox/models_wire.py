"""The three model providers' own shapes: what a request says, and what a response, a refusal or an error looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

Provider = Literal["anthropic", "openai", "gemini"]
BYTES_A_TOKEN = 4  # what English text comes to, near enough for prices
CACHE_FROM_TOKENS = {"anthropic": 512, "openai": 1024, "gemini": 1024}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came, read into one form for all providers. `body` are the very bytes.

    `kind`: chat or embedding. `system` is the long prefix, `turn` the text of the last message, `marked` whether the prefix was
    marked for the provider's cache, `schema` the JSON Schema that was asked for, `tool` the name of a tool that must be used.
    """

    provider: Provider
    kind: Literal["chat", "embedding"]
    model: str
    system: str
    turn: str
    schema: Mapping[str, Any]
    body: bytes
    path: str
    headers: Mapping[str, str]
    max_tokens: int | None = None
    temperature: float | None = None
    pictures: int = 0
    marked: bool = False
    tool: str | None = None
    inputs: tuple[str, ...] = ()
    dimensions: int | None = None
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the provider counts them. `read` and `written`: those of the prompt in its cache."""

    prompt: int
    answer: int
    read: int = 0
    written: int = 0


def read(path: str, headers: Mapping[str, str], body: bytes) -> Asked | None:
    """The request, or None where no provider has such an address. Raises ValueError for a body that is not theirs."""
    plain = urlsplit(path).path
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("a JSON object was expected")
    if plain.endswith("/messages"):
        return _anthropic(document, path, headers, body)
    if plain.endswith("/chat/completions"):
        return _openai(document, path, headers, body)
    if plain.endswith("/embeddings"):
        given = document["input"]
        inputs = tuple(given) if isinstance(given, list) else (given,)
        return _embedding("openai", str(document["model"]), inputs, (path, headers, body))
    if found := re.search(r"/models/([^/:]+):(generateContent|batchEmbedContents|embedContent)$", plain):
        model, verb = found.groups()
        if verb == "generateContent":
            return _gemini(model, document, path, headers, body)
        requests = document["requests"] if verb == "batchEmbedContents" else [document]
        inputs = tuple(_gemini_text(each["content"]) for each in requests)
        return _embedding("gemini", model, inputs, (path, headers, body))
    return None


def tokens(text: str) -> int:
    """How many tokens a text is, by its bytes."""
    return -(-len(text.encode()) // BYTES_A_TOKEN)


# ---- requests ----------------------------------------------------------------------------------------------------------


def _anthropic(document: Mapping[str, Any], path: str, headers: Mapping[str, str], body: bytes) -> Asked:
    system = document.get("system", "")
    parts = [{"text": system}] if isinstance(system, str) else list(system)
    content = _parts(document["messages"][-1]["content"])
    choice = document.get("tool_choice", {})
    tool = choice.get("name") if choice.get("type") == "tool" else None
    schema = (document.get("output_config") or {}).get("format") or document.get("output_format") or {}
    if tool is not None:
        schema = {"schema": next(t["input_schema"] for t in document["tools"] if t["name"] == tool)}
    return Asked(
        provider="anthropic",
        kind="chat",
        model=str(document["model"]),
        system="\n".join(str(part["text"]) for part in parts),
        turn=_texts(content),
        schema=schema.get("schema", {}),
        body=body,
        path=path,
        headers=headers,
        max_tokens=document.get("max_tokens"),
        temperature=document.get("temperature"),
        pictures=sum(part.get("type") == "image" for part in content),
        marked=any("cache_control" in part for part in parts),
        tool=tool,
        document=document,
    )


def _openai(document: Mapping[str, Any], path: str, headers: Mapping[str, str], body: bytes) -> Asked:
    said = [(m["role"], _parts(m["content"])) for m in document["messages"]]
    schema = (document.get("response_format") or {}).get("json_schema", {}).get("schema", {})
    return Asked(
        provider="openai",
        kind="chat",
        model=str(document["model"]),
        system="\n".join(_texts(parts) for role, parts in said if role in ("system", "developer")),
        turn=_texts(said[-1][1]),
        schema=schema,
        body=body,
        path=path,
        headers=headers,
        max_tokens=document.get("max_completion_tokens", document.get("max_tokens")),
        temperature=document.get("temperature"),
        pictures=sum(part.get("type") == "image_url" for part in said[-1][1]),
        marked=True,  # its cache needs no mark
        document=document,
    )


def _gemini(
    model: str, document: Mapping[str, Any], path: str, headers: Mapping[str, str], body: bytes
) -> Asked:
    config = document.get("generationConfig") or {}
    system = document.get("system_instruction") or document.get("systemInstruction") or {"parts": []}
    last = document["contents"][-1]["parts"]
    schema = (
        config.get("response_json_schema")
        or config.get("responseJsonSchema")
        or config.get("response_schema", {})
    )
    return Asked(
        provider="gemini",
        kind="chat",
        model=model,
        system=_gemini_text(system),
        turn="\n".join(str(part["text"]) for part in last if "text" in part),
        schema=schema,
        body=body,
        path=path,
        headers=headers,
        max_tokens=config.get("max_output_tokens", config.get("maxOutputTokens")),
        temperature=config.get("temperature"),
        pictures=sum("inline_data" in part or "inlineData" in part for part in last),
        marked=True,
        document=document,
    )


def _embedding(
    provider: Provider, model: str, inputs: tuple[str, ...], came: tuple[str, Mapping[str, str], bytes]
) -> Asked:
    path, headers, body = came
    return Asked(
        provider=provider,
        kind="embedding",
        model=model,
        system="",
        turn="",
        schema={},
        body=body,
        path=path,
        headers=headers,
        inputs=inputs,
        dimensions=_dimensions(json.loads(body)),
        document=json.loads(body),
    )


def _dimensions(document: Mapping[str, Any]) -> int | None:
    first = (document.get("requests") or [document])[0]
    found = first.get("dimensions") or first.get("outputDimensionality") or first.get("output_dimensionality")
    return int(found) if found else None


def _parts(content: Any) -> list[Mapping[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _texts(parts: list[Mapping[str, Any]]) -> str:
    return "\n".join(str(part["text"]) for part in parts if part.get("type") == "text")


def _gemini_text(content: Mapping[str, Any]) -> str:
    return "\n".join(str(part.get("text", "")) for part in content["parts"])


# ---- responses ---------------------------------------------------------------------------------------------------------


def answered(asked: Asked, text: str, usage: Usage, *, cut: bool = False) -> bytes:
    """`text` in the provider's envelope. `cut`: it ran into its limit of tokens."""
    match asked.provider:
        case "anthropic":
            return _json(_anthropic_answer(asked, text, usage, "max_tokens" if cut else "end_turn"))
        case "openai":
            return _json(_openai_answer(asked, {"content": text}, usage, "length" if cut else "stop"))
        case "gemini":
            content = {"role": "model", "parts": [{"text": text}]}
            return _json(_gemini_answer(asked, content, usage, "MAX_TOKENS" if cut else "STOP"))


def refused(asked: Asked, usage: Usage) -> bytes:
    """The model's own refusal, each provider's way of saying so."""
    words = "I can't help with that."
    match asked.provider:
        case "anthropic":
            return _json(_anthropic_answer(asked, words, usage, "refusal"))
        case "openai":
            return _json(_openai_answer(asked, {"content": None, "refusal": words}, usage, "stop"))
        case "gemini":
            return _json(_gemini_answer(asked, None, usage, "SAFETY"))


def error(provider: Provider, status: int, words: str) -> bytes:
    """An error body as the provider writes it. The words say what went wrong and quote nothing."""
    match provider:
        case "anthropic":
            kind = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}.get(status)
            kind = kind or ("api_error" if status >= 500 else "invalid_request_error")
            return _json({"type": "error", "error": {"type": kind, "message": words}})
        case "openai":
            code = "insufficient_quota" if "quota" in words else None
            kind = "server_error" if status >= 500 else code or "invalid_request_error"
            return _json({"error": {"message": words, "type": kind, "param": None, "code": code}})
        case "gemini":
            names = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}
            name = names.get(status, "UNAVAILABLE" if status == 503 else "INTERNAL")
            return _json({"error": {"code": status, "message": words, "status": name}})


def embedded(asked: Asked, vectors: list[list[float]]) -> bytes:
    """Vectors in the provider's envelope."""
    if asked.provider == "gemini":
        return _json({"embeddings": [{"values": vector} for vector in vectors]})
    data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(vectors)]
    used = sum(map(tokens, asked.inputs))
    usage = {"prompt_tokens": used, "total_tokens": used}
    return _json({"object": "list", "model": asked.model, "data": data, "usage": usage})


def _anthropic_answer(asked: Asked, text: str, usage: Usage, stop: str) -> Mapping[str, Any]:
    content: list[Mapping[str, Any]] = [{"type": "text", "text": text}] if text else []
    if asked.tool is not None and stop == "end_turn":
        content = [{"type": "tool_use", "id": "toolu_EXAMPLE", "name": asked.tool, "input": _object(text)}]
        stop = "tool_use"
    return {
        "id": "msg_EXAMPLE",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage.prompt - usage.read - usage.written,
            "cache_creation_input_tokens": usage.written,
            "cache_read_input_tokens": usage.read,
            "output_tokens": usage.answer,
        },
    }


def _openai_answer(asked: Asked, message: Mapping[str, Any], usage: Usage, stop: str) -> Mapping[str, Any]:
    return {
        "id": "chatcmpl-EXAMPLE",
        "object": "chat.completion",
        "created": 1,
        "model": asked.model,
        "choices": [
            {
                "index": 0,
                "finish_reason": stop,
                "logprobs": None,
                "message": {"role": "assistant", "refusal": None, **message},
            }
        ],
        "usage": {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.answer,
            "total_tokens": usage.prompt + usage.answer,
            "prompt_tokens_details": {"cached_tokens": usage.read},
        },
    }


def _gemini_answer(
    asked: Asked, content: Mapping[str, Any] | None, usage: Usage, stop: str
) -> Mapping[str, Any]:
    candidate = {"index": 0, "finishReason": stop, **({"content": content} if content else {})}
    return {
        "candidates": [candidate],
        "modelVersion": asked.model,
        "responseId": "EXAMPLE",
        "usageMetadata": {
            "promptTokenCount": usage.prompt,
            "candidatesTokenCount": usage.answer,
            "totalTokenCount": usage.prompt + usage.answer,
            **({"cachedContentTokenCount": usage.read} if usage.read else {}),
        },
    }


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {}


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()
