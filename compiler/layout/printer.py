"""Writes the nodes of a file out again in the one layout, each with the comments that belong to it."""

from __future__ import annotations

from typing import Any

from compiler.layout.comments import Notes
from compiler.layout.scalars import WIDTH, foldable, folded, inline, literal
from compiler.layout.shape import Schema, rank, resolved, sorts

STEP = 2  # columns a level is further in


class Printer:
    """One file. `schema` gives the order of keys; `notes` the comments, by the id of the node they belong to."""

    def __init__(self, schema: Schema, notes: Notes) -> None:
        self.schema = schema
        self.notes = notes

    def document(self, root: Any) -> str:
        """The whole text, with one line end at its end."""
        top = resolved(self.schema, self.schema)
        lines = [*self._above(root, 0, first=True), *self._block(root, top, 0, top_level=True)]
        lines += self._below(root, 0)
        while lines and not lines[0]:
            lines.pop(0)
        return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"

    # ---- containers --------------------------------------------------------------------------------------------------

    def _block(self, node: Any, place: Schema, indent: int, *, top_level: bool = False) -> list[str]:
        """A container in block style, or what stands in its place at the top of a file."""
        if node.id == "scalar" or not node.value:
            return [*self._value("", node, place, indent, "")] if node.id == "scalar" else [_empty(node)]
        if node.id == "mapping":
            return self._mapping(node, place, indent)
        return self._sequence(node, place, indent, apart=top_level)

    def _mapping(self, node: Any, place: Schema, indent: int) -> list[str]:
        order = rank(place)
        pairs = sorted(node.value, key=lambda pair: order.get(pair[0].value, len(order)))
        lines: list[str] = []
        for index, (key, value) in enumerate(pairs):
            lines += self._above(key, indent, first=index == 0)
            head = " " * indent + inline(key, flow=False) + ":"
            inner = resolved(place.get("properties", {}).get(key.value), self.schema)
            lines += self._value(head, value, inner, indent, self.notes.beside.get(id(key), ""))
            lines += self._below(key, indent)
        return lines

    def _sequence(self, node: Any, place: Schema, indent: int, *, apart: bool) -> list[str]:
        items = resolved(place.get("items"), self.schema)
        lines: list[str] = []
        for index, item in enumerate(self._ordered(node, place)):
            above = self._above(item, indent, first=index == 0)
            if apart and index and item.id == "mapping" and "" not in above[:1]:
                above.insert(0, "")
            lines += above
            lines += self._item(item, items, indent)
            lines += self._below(item, indent)
        return lines

    def _item(self, item: Any, place: Schema, indent: int) -> list[str]:
        head = " " * indent + "-"
        beside = self.notes.beside.get(id(item), "")
        if item.id == "mapping" and item.value and not beside:
            inner = self._mapping(item, place, indent + STEP)
            cut = next(i for i, line in enumerate(inner) if line and not line.lstrip().startswith("#"))
            hoisted = [" " * indent + line.lstrip() for line in inner[:cut] if line]
            return [*hoisted, head + " " + inner[cut].lstrip(), *inner[cut + 1 :]]
        return self._value(head, item, place, indent, beside)

    def _ordered(self, node: Any, place: Schema) -> list[Any]:
        plain = all(item.id == "scalar" for item in node.value)
        return sorted(node.value, key=lambda item: str(item.value)) if plain and sorts(place) else node.value

    # ---- values ------------------------------------------------------------------------------------------------------

    def _value(self, head: str, node: Any, place: Schema, indent: int, beside: str) -> list[str]:
        """`head` with its value: on its line where that fits, below it otherwise."""
        if node.id == "scalar":
            return self._scalar(head, node, indent, beside)
        if not node.value:
            return [_beside(f"{head} {_empty(node)}", beside)]
        if node.id == "sequence" and node.flow_style:
            line = self._on_one_line(head, node, place, beside)
            if line is not None:
                return [line]
        return [_beside(head, beside), *self._block(node, place, indent + STEP)]

    def _on_one_line(self, head: str, node: Any, place: Schema, beside: str) -> str | None:
        """The list in brackets where its author wrote it so, it fits, and no comment stands inside it."""
        last = id(node.value[-1])
        noted = {id(item) for item in node.value} & (
            self.notes.above.keys() | self.notes.beside.keys() | self.notes.below.keys()
        )
        if any(item.id != "scalar" for item in node.value) or noted - {last}:
            return None
        if self.notes.above.get(last) or self.notes.below.get(last):
            return None
        comment = " ".join(filter(None, [beside, self.notes.beside.get(last, "")]))
        if beside and comment != beside:
            return None  # two comments on one line would become one
        words = [inline(item, flow=True) for item in self._ordered(node, place)]
        line = _beside(f"{head} [{', '.join(words)}]", comment)
        return line if len(line) <= WIDTH else None

    def _scalar(self, head: str, node: Any, indent: int, beside: str) -> list[str]:
        text: str = node.value
        inner = indent + STEP
        line = f"{head} {inline(node, flow=False)}" if head else inline(node, flow=False)
        block: list[str] | None = None
        if "\n" in text.rstrip("\n") or node.style == "|":
            block = literal(text, head, inner)
        elif node.style == ">" or (foldable(text) and len(_beside(line, beside)) > WIDTH):
            block = folded(text, head, inner)
        if block is not None:
            return [_beside(block[0], beside), *block[1:]]
        return [_beside(line.rstrip(), beside)]

    # ---- comments ----------------------------------------------------------------------------------------------------

    def _above(self, node: Any, indent: int, *, first: bool) -> list[str]:
        lines = self.notes.above.get(id(node), [])
        lines = lines[1:] if first and lines[:1] == [""] else lines
        return [" " * indent + line if line else "" for line in lines]

    def _below(self, node: Any, indent: int) -> list[str]:
        return [" " * indent + line if line else "" for line in self.notes.below.get(id(node), ())]


def _beside(line: str, comment: str) -> str:
    return (
        f"{line}  {comment}".lstrip(" ")
        if not line.strip()
        else f"{line}  {comment}".rstrip()
        if comment
        else line
    )


def _empty(node: Any) -> str:
    return "{}" if node.id == "mapping" else "[]"
