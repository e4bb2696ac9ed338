"""Which pictures a model may look at: only where the tenant says so, only kinds every provider reads, and none too large."""

from __future__ import annotations

from schemas.bundle import Bundle

PRESET = "vision"
MAX_BYTES = 5 << 20
MAX_A_TURN = 3
KINDS = {  # how the bytes begin, whatever they are called
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}


def may_be_seen(bundle: Bundle) -> bool:
    """Whether a model may look at what people send: the preset must be made for it and the tenant must have said so."""
    record = bundle.record
    return record is not None and bundle.persona.preset == PRESET and record.models.get("pictures") is True


def kind_of(data: bytes) -> str | None:
    """image/jpeg, image/png or image/webp by the bytes themselves; None for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begins, kind in KINDS.items() if data.startswith(begins)), None)
