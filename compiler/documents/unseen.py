"""Which text of a page its style hides: attributes, `<style>` rules, sizes and colours, as far as the page alone decides. Pure.

In doubt it is hidden: words that not every reader sees are left out and named, and a person can take them up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Rgb = tuple[int, int, int]
WHITE: Rgb = (255, 255, 255)
BLACK: Rgb = (0, 0, 0)
LEAST_CONTRAST = 1.15  # of text and ground; white on white is 1
SMALLEST_PX = 2.0
PX: Mapping[str, float] = {"": 1, "px": 1, "pt": 1.33, "em": 16, "rem": 16, "%": 0.16, "vw": 10, "ex": 8}
COLOURS: Mapping[str, Rgb] = {
    "white": WHITE, "black": BLACK, "red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0),
    "gray": (128, 128, 128), "grey": (128, 128, 128), "silver": (192, 192, 192), "navy": (0, 0, 128), "snow": (255, 250, 250),
    "ivory": (255, 255, 240), "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255), "floralwhite": (255, 250, 240),
}  # fmt: skip

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SHEET = re.compile(r"<style\b[^<>]*>(.*?)(?:</style|\Z)", re.DOTALL | re.IGNORECASE)
_TOKEN = re.compile(r"[^{}]+|[{}]")
_PART = re.compile(r"[.#][\w-]+|\[[^\]]*\]|:{1,2}[\w-]+(?:\([^()]*\))?|[\w-]+|\*")
_OF_A_MOMENT = re.compile(
    r"::|:(?:hover|focus|active|visited|target|checked|before|after|first-l|disabled|placeholder|open)"
)
_NOT_ON_SCREEN = re.compile(
    r"@(?:media\s+(?:only\s+)?(?:print|speech)\b(?!.*,)|(?:-\w+-)?keyframes|font-face|page)"
)
_MATTERS = re.compile(
    r"display|visibility|opacity|font|color|background|indent|left|right|top|clip|height|width|transform"
)
_LENGTH = re.compile(r"(-?\d*\.?\d+)\s*([a-z%]*)")
_HEX = re.compile(r"#([0-9a-f]{3,8})\Z")
_RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*(?:[,/]\s*([\d.]+%?)\s*)?\)\Z")
_FAR_PX = -900


@dataclass(frozen=True, slots=True)
class Element:
    """An open element, as selectors see it."""

    tag: str
    attributes: Mapping[str, str | None]

    @property
    def classes(self) -> frozenset[str]:
        return frozenset((self.attributes.get("class") or "").split())


@dataclass(frozen=True, slots=True)
class Colours:
    """What text here inherits. None: the page alone does not decide it."""

    text: Rgb | None = BLACK
    ground: Rgb | None = WHITE


@dataclass(slots=True)
class Sheet:
    """The rules of a page's own style that could hide text, in order."""

    rules: list[tuple[str, list[str], dict[str, str]]] = field(default_factory=list)

    def of(self, path: Sequence[Element]) -> Iterator[tuple[str, dict[str, str]]]:
        """(selector, declarations) of each rule that is about the last element of a path."""
        for selector, parts, declared in self.rules:
            if _matches(parts, path):
                yield selector, declared


def sheet_of(page: str) -> Sheet:
    """Every rule of every `<style>` of a page, also of those that stand behind the text."""
    sheet = Sheet()
    for found in _SHEET.finditer(page):
        for head, body in _blocks(_COMMENT.sub(" ", found[1])):
            declared = _declared(body)
            for selector in head.lower().split(",") if declared else ():
                if parts := _selector(selector):
                    sheet.rules.append((selector.strip(), parts, declared))
    return sheet


def look(path: Sequence[Element], sheet: Sheet, around: Colours) -> tuple[str, Colours]:
    """Why nobody sees the text of the last element of a path ("" when they do), and the colours it passes on."""
    element = path[-1]
    why = _by_attribute(element)
    blocks = [
        *sheet.of(path),
        ("", _declared((element.attributes.get("style") or "").lower())),
        ("", _of_old(element)),
    ]
    colours = around
    for selector, declared in blocks:
        if hiding := _hiding(declared):
            why = why or f"`{hiding}`" + (f" for `{selector}`" if selector else "")
        colours = Colours(_text(declared, colours.text), _ground(declared, colours.ground))
    changed = colours != around
    if not why and changed and _alike(colours.text, colours.ground):
        why = "text in the colour of its ground"
    return why, colours


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """(selectors, declarations), from those rules that hold on a screen."""
    heads: list[str] = []
    text = ""
    for piece in _TOKEN.findall(css):
        if piece == "{":
            heads.append(text.rpartition(";")[2].strip())
            text = ""
        elif piece == "}":
            head = heads.pop() if heads else ""
            if head and not head.startswith("@") and not any(_NOT_ON_SCREEN.match(h.lower()) for h in heads):
                yield head, text.lower()
            text = ""
        else:
            text = piece


def _declared(body: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in _COMMENT.sub(" ", body).split(";"))
    return {
        name.strip(): value.replace("!important", "").strip()
        for name, _, value in pairs
        if _MATTERS.search(name)
    }


def _selector(selector: str) -> list[str]:
    """Its compounds and `>` between them, from left to right. Empty when it holds for a moment only."""
    if _OF_A_MOMENT.search(selector):
        return []
    parts = selector.replace(">", " > ").split()
    if any(mark in parts or mark in selector for mark in "+~") and "[" not in selector:
        return [re.split(r"[+~\s]+", selector.strip())[-1]]  # who stands beside it is not followed
    return parts


def _matches(parts: Sequence[str], path: Sequence[Element]) -> bool:
    if not _is(parts[-1], path[-1]):
        return False
    at, near = len(path) - 2, False
    for part in reversed(parts[:-1]):
        if part == ">":
            near = True
            continue
        while at >= 0 and not _is(part, path[at]):
            if near:
                return False
            at -= 1
        if at < 0:
            return False
        at, near = at - 1, False
    return True


def _is(compound: str, element: Element) -> bool:
    return all(_has(part, element) for part in _PART.findall(compound))


def _has(part: str, element: Element) -> bool:
    match part[0]:
        case ".":
            return part[1:] in {name.lower() for name in element.classes}
        case "#":
            return part[1:] == (element.attributes.get("id") or "").lower()
        case "[":
            name, _, value = part[1:-1].partition("=")
            has = element.attributes.get(name.rstrip("~|^$* "), "\0")
            exact = value and name[-1:] not in "~|^$*"
            return has != "\0" and (not exact or (has or "").lower() == value.strip("\"' "))
        case ":":
            return part != ":root" or element.tag == "html"
        case _:
            return part in ("*", element.tag)


def _by_attribute(element: Element) -> str:
    if "hidden" in element.attributes:
        return "the attribute `hidden`"
    if element.attributes.get("aria-hidden") == "true":
        return "`aria-hidden`"
    return "a `dialog` that is closed" if element.tag == "dialog" and "open" not in element.attributes else ""


def _hiding(declared: Mapping[str, str]) -> str:
    """The declaration that takes text out of sight."""
    for name, value in declared.items():
        shown = f"{name}: {value}"
        length = _px(value)
        match name:
            case "display" if value.startswith("none"):
                return shown
            case "visibility" | "content-visibility" if value in {"hidden", "collapse"}:
                return shown
            case "opacity" if length is not None and length < 0.05:
                return shown
            case "font-size" if length is not None and length < SMALLEST_PX:
                return shown
            case "font" if re.search(r"(?<![\w.])0?\.?0(?:px|pt|r?em|%)?\s*(?:/|\s)", value):
                return shown
            case "text-indent" | "left" | "right" | "top" | "margin-left" | "margin-top" if (
                length is not None and length < _FAR_PX
            ):
                return shown
            case "clip" if re.match(r"rect\((?:0|1px)", value):
                return shown
            case "clip-path" if re.match(r"inset\((?:50|100)%|circle\(0", value):
                return shown
            case "height" | "max-height" | "width" | "max-width" if (
                length is not None and length <= 1 and declared.get("overflow", "hidden") == "hidden"
            ):
                return shown
            case "transform" if re.match(r"scale\(\s*0\s*\)", value):
                return shown
            case _:
                continue
    return ""


def _px(value: str) -> float | None:
    found = _LENGTH.match(value)
    return float(found[1]) * PX[found[2]] if found and found[2] in PX else None


def _of_old(element: Element) -> dict[str, str]:
    """Colours given by attributes, as pages did before styles."""
    named = {"color": "color", "bgcolor": "background-color"}
    return {
        style: (element.attributes.get(name) or "").lower()
        for name, style in named.items()
        if name in element.attributes
    }


def _text(declared: Mapping[str, str], around: Rgb | None) -> Rgb | None:
    value = declared.get("color", "inherit")
    if value in {"", "inherit", "unset"}:
        return around
    return _rgb(value)


def _ground(declared: Mapping[str, str], around: Rgb | None) -> Rgb | None:
    value = declared.get("background-color") or declared.get("background") or "none"
    if value in {"none", "transparent", "inherit", "initial", "unset", "0"}:
        return around
    return next((rgb for word in (value, *value.split()) if (rgb := _rgb(word))), None)


def _rgb(value: str) -> Rgb | None:
    """A colour. One that lets everything through counts as white, the colour of a page."""
    if value == "transparent":
        return WHITE
    if found := _HEX.match(value):
        digits = found[1] if len(found[1]) >= 6 else "".join(d * 2 for d in found[1])
        if digits[6:8] == "00":
            return WHITE
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if found := _RGB.match(value):
        if (found[4] or "1").strip("%0.") == "":
            return WHITE
        return int(found[1]), int(found[2]), int(found[3])
    return COLOURS.get(value)


def _alike(text: Rgb | None, ground: Rgb | None) -> bool:
    if text is None or ground is None:
        return False
    dark, light = sorted((_luminance(text), _luminance(ground)))
    return (light + 0.05) / (dark + 0.05) < LEAST_CONTRAST


def _luminance(rgb: Rgb) -> float:
    """Relative luminance as WCAG 2.2 defines it, 0 to 1."""
    parts = (min(channel, 255) / 255 for channel in rgb)
    r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
