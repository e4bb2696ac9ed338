"""Template files with `@@name@@` in them, filled in and laid out as `convo fmt` would."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from compiler.layout import layout
from compiler.load import ORGANISATION_FILES, ORGANISATIONS, TENANT_FILES, schema

FOLDER = Path(__file__).parent / "template"
_PLACE = re.compile(r"@@([A-Za-z][A-Za-z_-]*)@@")


def template(name: str, values: Mapping[str, str]) -> str:
    """The text of a template with every place filled. A place without a value is a fault of ours: KeyError."""
    return filled((FOLDER / name).read_text(encoding="utf-8"), values)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with every `@@name@@` replaced once: what is filled in is not looked at again."""
    return _PLACE.sub(lambda place: values[place[1]], text)


def laid_out(path: str, text: str) -> str:
    """A tenant file in the one layout; any other text, and one `fmt` would leave alone, as it is."""
    below = path.split("/", 2)[2] if path.count("/") >= 2 else ""
    kinds = ORGANISATION_FILES if path.startswith(f"tenants/{ORGANISATIONS}/") else TENANT_FILES
    kind = next((kind.name for kind in kinds if kind.file.match(below)), None)
    if kind is None:
        return text
    done = layout(path, kind, text, schema(kind))
    return text if done.text is None else done.text
