"""Template files with `@@name@@` in them, filled in and laid out as `convo fmt` would."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import schemas
from compiler.layout import layout

FOLDER = Path(__file__).parent / "template"
SCHEMAS = Path(schemas.__file__).parent / "tenant"
_MODELINE = re.compile(r"# yaml-language-server: \$schema=\S*/([a-z]+)\.schema\.json\n")
_PLACE = re.compile(r"@@([A-Za-z][A-Za-z_-]*)@@")


def template(name: str, values: Mapping[str, str]) -> str:
    """The text of a template with every place filled. A place without a value is a fault of ours: KeyError."""
    return filled((FOLDER / name).read_text(encoding="utf-8"), values)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with every `@@name@@` replaced once: what is filled in is not looked at again."""
    return _PLACE.sub(lambda place: values[place[1]], text)


def laid_out(path: str, text: str) -> str:
    """A file whose first line names its schema, in the one layout; any other, and one `fmt` would leave alone, as it is."""
    named = _MODELINE.match(text)
    if named is None:
        return text
    done = layout(path, named[1], text, json.loads((SCHEMAS / f"{named[1]}.schema.json").read_bytes()))
    return text if done.text is None else done.text
