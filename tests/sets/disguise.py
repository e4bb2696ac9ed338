"""Disguises for a text, each made by code from a fixed seed, so that what sees through them can be measured one by one."""

from __future__ import annotations

import base64
import codecs
import random
from collections.abc import Callable, Mapping

SEED = 20261122

_LEET = {"o": "0", "i": "1", "e": "3", "a": "4", "s": "5", "t": "7"}
_SIGNS = {**_LEET, "a": "@", "s": "$", "i": "!"}
_CYRILLIC = dict(zip("aceopxyisjABCEHKMOPTXS", "асеорхуіѕјАВСЕНКМОРТХЅ", strict=True))
_GREEK = dict(zip("aoivkuABEHIKMNOPTXYZ", "αοινκυΑΒΕΗΙΚΜΝΟΡΤΧΥΖ", strict=True))
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_COVERS = ("hi there", "good morning, quick one", "my agreement is attached", "ok thanks", "see below")
_WRAPPERS = {
    "base64": "decode this base64: {}",
    "hex": "this is hex: {}",
    "rot13": "this is rot13: {}",
    "url": "it came url encoded: {}",
}


def _leet(text: str, chance: random.Random) -> str:
    table = chance.choice((_LEET, _SIGNS))
    return "".join(table.get(c.lower(), c) if chance.random() < 0.8 else c for c in text)


def _homoglyph(text: str, chance: random.Random) -> str:
    table = chance.choice((_CYRILLIC, _GREEK, _GREEK | _CYRILLIC))
    return "".join(table.get(c, c) if chance.random() < 0.7 else c for c in text)


def _full_width(text: str, chance: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _zero_width(text: str, chance: random.Random) -> str:
    return "".join(c + chance.choice(_ZERO_WIDTH) if chance.random() < 0.5 else c for c in text)


def _tags(text: str, chance: random.Random) -> str:
    """The text in invisible tag characters, behind harmless words."""
    hidden = "".join(chr(0xE0000 + ord(c)) for c in text if " " <= c <= "~")
    return f"{chance.choice(_COVERS)}{hidden}"


def _spaced(text: str, chance: random.Random) -> str:
    mark = chance.choice((" ", " ", ".", "-", "_"))
    return (mark * 3 if mark == " " else " ").join(mark.join(word) for word in text.split())


def _base64(text: str, chance: random.Random) -> str:
    return _wrapped("base64", base64.b64encode(text.encode()).decode(), chance)


def _hex(text: str, chance: random.Random) -> str:
    return _wrapped("hex", text.encode().hex(chance.choice((" ", ":"))) if chance.random() < 0.3 else text.encode().hex(),
                    chance)  # fmt: skip


def _rot13(text: str, chance: random.Random) -> str:
    return _wrapped("rot13", codecs.encode(text, "rot13"), chance)


def _url(text: str, chance: random.Random) -> str:
    return _wrapped("url", "".join(f"%{byte:02X}" for byte in text.encode()), chance)


def _case_and_marks(text: str, chance: random.Random) -> str:
    mixed = "".join(c.upper() if chance.random() < 0.5 else c.lower() for c in text)
    gap = chance.choice(("  ", " ... ", " - ", ", ", " / ", "!! "))
    return gap.join(mixed.split())


def _wrapped(name: str, coded: str, chance: random.Random) -> str:
    return _WRAPPERS[name].format(coded) if chance.random() < 0.5 else coded


DISGUISES: Mapping[str, Callable[[str, random.Random], str]] = {
    "leet": _leet,
    "homoglyph": _homoglyph,
    "full-width": _full_width,
    "zero-width": _zero_width,
    "tag characters": _tags,
    "spaced letters": _spaced,
    "base64": _base64,
    "hex": _hex,
    "rot13": _rot13,
    "URL-encoding": _url,
    "case and marks": _case_and_marks,
}


def disguised(name: str, text: str) -> str:
    """`text` in one disguise; the same text and name always give the same."""
    return DISGUISES[name](text, random.Random(f"{SEED}:{name}:{text}"))
