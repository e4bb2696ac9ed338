"""A YAML file as plain data that still knows where it stood: the positioned tree every later pass reads.

`Map` and `Seq` are a dict and a list (so a JSON Schema validator takes them as they are) that keep the node they were
made from. Positions are worked out only when somebody asks for one, which is when there is something to report.
"""

from __future__ import annotations

from typing import Any

from compiler.diagnostics import Span


class Map(dict[str, Any]):
    """A mapping with its place. `node` is PyYAML's MappingNode; `file` is relative to the tenants folder."""

    __slots__ = ("file", "node")

    def __init__(self, file: str, node: Any) -> None:
        super().__init__()
        self.file = file
        self.node = node

    def at(self) -> Span:
        """The first key: a mapping's own end mark overshoots into what follows."""
        if self.node.value:
            return span_of(self.file, self.node.value[0][0])
        return span_of(self.file, self.node)

    def key(self, name: str) -> Span:
        """Where the key itself stands."""
        for key, _ in self.node.value:
            if key.value == name:
                return span_of(self.file, key)
        return self.at()

    def value(self, name: str) -> Span:
        """Where the value stands; for a nested mapping or list, its key."""
        for key, value in self.node.value:
            if key.value == name:
                return span_of(self.file, value if value.id == "scalar" else key)
        return self.at()


class Seq(list[Any]):
    """A list with its place."""

    __slots__ = ("file", "node")

    def __init__(self, file: str, node: Any) -> None:
        super().__init__()
        self.file = file
        self.node = node

    def at(self) -> Span:
        return span_of(self.file, self.node)

    def item(self, index: int) -> Span:
        """Where one item stands; for a mapping, its first key."""
        held = self[index]
        if isinstance(held, Map):
            return held.at()
        return span_of(self.file, self.node.value[index])


def locate(tree: Any, path: tuple[str | int, ...]) -> Span:
    """The place of the value at a JSON path, or of the deepest part of the path that exists."""
    here = tree.at() if isinstance(tree, Map | Seq) else Span(file="")
    for step in path:
        match tree:
            case Map() if step in tree:
                here, tree = tree.value(str(step)), tree[str(step)]
            case Seq() if isinstance(step, int) and step < len(tree):
                here, tree = tree.item(step), tree[step]
            case _:
                return here
    return here


def span_of(file: str, node: Any) -> Span:
    """The place of a PyYAML node or event: a scalar whole, anything else by its first character."""
    start, end = node.start_mark, node.end_mark
    if getattr(node, "id", "") == "scalar":
        return Span(
            file=file,
            line=start.line + 1,
            column=start.column + 1,
            end_line=end.line + 1,
            end_column=end.column + 1,
        )
    return Span(
        file=file,
        line=start.line + 1,
        column=start.column + 1,
        end_line=start.line + 1,
        end_column=start.column + 2,
    )
