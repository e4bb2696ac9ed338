"""Files that are the same to the byte are parsed and checked once: a firm's brands often share their caps or their consent."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from compiler.source.files import Folder, Parsed
from compiler.source.tree import Map, Seq

MOST_FILES = 64  # those met last
MOST_CHARS = 16_384  # of a file worth keeping: a tree takes many times its text


class Alike:
    """The faultless files of late, by kind and text. Each tenant gets a tree of its own, with its own file's name."""

    def __init__(self) -> None:
        self.kept: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def take(self, kind: str, file: str, text: str) -> Parsed | None:
        """Such a file, parsed and checked, if there was one."""
        data = self.kept.get((kind, text))
        if data is None:
            return None
        self.kept.move_to_end((kind, text))
        return Parsed(file, kind, text=text, data=_renamed(data, file), checked=True)

    def keep(self, folder: Folder) -> None:
        """Remember what was found to be without fault in itself, before anybody asks what it refers to."""
        for parsed in folder.files:
            if not (parsed.checked or parsed.diagnostics or parsed.bad or len(parsed.text) > MOST_CHARS):
                self.kept[parsed.kind, parsed.text] = parsed.data
        while len(self.kept) > MOST_FILES:
            self.kept.popitem(last=False)


def _renamed(data: Any, file: str) -> Any:
    """The same tree as that of another file."""
    if isinstance(data, Map):
        made = Map(file, data.node)
        for key, value in data.items():
            made[key] = _renamed(value, file) if isinstance(value, Map | Seq) else value
        return made
    listed = Seq(file, data.node)
    listed.extend(_renamed(value, file) if isinstance(value, Map | Seq) else value for value in data)
    return listed
