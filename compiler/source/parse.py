"""Text -> positioned tree: the strict YAML subset, in one walk over the nodes PyYAML's C parser composes.

No duplicate keys, anchors, aliases, tags, directives, merge keys or second documents; scalars are text, whole numbers,
true, false and null, and nothing else. A bare word that YAML 1.1 and 1.2 read differently is kept as its text and listed
in `Parsed.doubtful`; the schema pass decides whether such a text was asked for there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.nodes import ScalarNode

from compiler.diagnostics import Code, Diagnostic, Fix, Label, Span
from compiler.diagnostics import codes as c
from compiler.diagnostics.most import FOUND_PER_FILE
from compiler.diagnostics.rows import BREAK
from compiler.source import remedies
from compiler.source.files import Doubtful, Parsed
from compiler.source.tree import Map, Seq, span_of

MAX_DEPTH = 32
MAX_NODES = 200_000
FLATTER = "no file needs it: lay it out flatter, or split it by topic"
SHORT = 5  # characters: a longer word that begins with a letter has no reading but text
LARGEST_NUMBER = 2**53 - 1
LARGEST_DIGITS = 17  # with a sign; Python itself refuses to read thousands
SHOWN_DIGITS = 40
MANY_KEYS = 2_000
MOST_FIXES = 100  # of one kind in a file: each looks at the whole text again
# The C composer recurses natively: text that could nest deeper than its stack is measured by events first.
SAFE_LINE_CHARS = 1_000
SAFE_BRACKETS = 2_000

# Not the joiners U+200C and U+200D, which some scripts cannot be written without, nor tab and line end.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_PROPERTIES = re.compile(r"(?:^|[\s\[{,:?-])[&*!](?=[^\s])|^%", re.MULTILINE)
_AMBIGUOUS = re.compile(
    r"""(?:
      [yYnN] | yes | Yes | YES | no | No | NO | on | On | ON | off | Off | OFF
    | True | TRUE | False | FALSE | Null | NULL | ~ | =
    | [-+]?[0-9][0-9_]*                          # +44..., 010, 1_000, -0 (plain whole numbers are taken before)
    | [-+]?0[xob][0-9a-fA-F_]+
    | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?     # 20:00
    | [-+]?(?:[0-9][0-9_]*)?\.[0-9_]+(?:[eE][-+]?[0-9]+)? # 1.10
    | [-+]?[0-9][0-9_]*\.(?:[eE][-+]?[0-9]+)?
    | [-+]?[0-9][0-9_]*[eE][-+]?[0-9]+
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\ ].*)?
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
    )\Z""",
    re.VERBOSE,
)


def parse(parsed: Parsed) -> Parsed:
    """Read one file's text into its `data`. Never raises for what stands in it."""
    file, text = parsed.file, parsed.text
    try:
        if _needs_events(text):
            parsed.diagnostics += _event_faults(file, text)
            if any(d.code == c.TOO_DEEP.code for d in parsed.diagnostics):
                return parsed
        root = _Composer(text).get_single_node()
    except yaml.YAMLError as error:
        if not parsed.diagnostics:
            parsed.diagnostics.append(_syntax(file, text, error))
        return parsed
    if root is None:
        parsed.diagnostics.append(
            c.EMPTY.at(Span(file=file), "the file is empty", help="fill it or remove it")
        )
        return parsed
    parsed.diagnostics += islice(_hidden(parsed), FOUND_PER_FILE)
    walk = _Walk(parsed)
    try:
        parsed.data = walk.value(root, 1)
    except _TooDeep as deep:
        if not any(d.code == c.ANCHOR.code for d in parsed.diagnostics):  # aliases made it so, and were told
            parsed.diagnostics.append(c.TOO_DEEP.at(deep.span, str(deep), help=FLATTER))
    else:
        if parsed.data is None:
            parsed.diagnostics.append(
                c.EMPTY.at(Span(file=file), "the file holds nothing", help="fill it or remove it")
            )
    return parsed


class _Composer(CParser):
    """PyYAML's C parser without its search for tags, which nobody here asks for."""

    # Called a few times for every value. This takes whatever it is given, gives back "", and is no Python function.
    resolve = descend_resolver = ascend_resolver = "".format


class _TooDeep(Exception):
    def __init__(self, span: Span, message: str) -> None:
        super().__init__(message)
        self.span = span


class _Walk:
    """One pass over the nodes. `path` is the JSON path of the value being read."""

    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed
        self.file = parsed.file
        self.path: list[str | int] = []
        self.nodes = 0
        self.repeated = 0
        self.hidden_lines: set[int] | None = None

    def value(self, node: Any, depth: int) -> Any:
        self.nodes += 1
        kind = node.id
        if kind == "scalar":
            return self.quoted(node) if node.style else self.bare(node)
        if depth > MAX_DEPTH:
            raise _TooDeep(span_of(self.file, node), f"nested deeper than {MAX_DEPTH} levels")
        if self.nodes > MAX_NODES:
            raise _TooDeep(span_of(self.file, node), f"more than {MAX_NODES:,} values in one file")
        return self.mapping(node, depth) if kind == "mapping" else self.sequence(node, depth)

    def quoted(self, node: Any) -> str:
        text: str = node.value
        if node.style == '"' and not text.isprintable() and _HIDDEN.search(text):
            span = span_of(self.file, node)
            if self.hidden_lines is None:
                self.hidden_lines = {d.span.line for d in self.parsed.diagnostics if d.code == c.HIDDEN.code}
            if span.line not in self.hidden_lines:
                self.hidden_lines.add(span.line)
                message = "this text holds a hidden character, written as an escape"
                self.fault(c.HIDDEN.at(span, message, help="write it without"))
        return text

    def bare(self, node: Any) -> Any:
        text: str = node.value
        if not text:
            return None
        if len(text) > SHORT and text[0].isalpha():
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.match(text) and text != "-0":
            return self.number(node, text)
        if _AMBIGUOUS.match(text):
            self.parsed.doubtful.append(Doubtful(tuple(self.path), text, span_of(self.file, node)))
        return text

    def number(self, node: Any, text: str) -> int:
        if len(text) > LARGEST_DIGITS or abs(int(text)) > LARGEST_NUMBER:
            shown = text if len(text) <= SHOWN_DIGITS else f"{text[:SHOWN_DIGITS]}..."
            self.fault(
                c.NUMBER.at(
                    span_of(self.file, node),
                    f"{shown} is beyond 2^53 - 1",
                    help="quote it if it is an identifier",
                )
            )
            return LARGEST_NUMBER + 1
        return int(text)

    def sequence(self, node: Any, depth: int) -> Seq:
        out = Seq(self.file, node)
        path = self.path
        path.append(0)
        for index, item in enumerate(node.value):
            path[-1] = index
            out.append(self.value(item, depth + 1))
        path.pop()
        return out

    def mapping(self, node: Any, depth: int) -> Map:
        out = Map(self.file, node)
        path, known = self.path, _known_keys
        path.append("")
        for pair in node.value:
            key_node, value_node = pair
            key = key_node.value
            if type(key) is not str or key_node.style or key not in known:  # else it was looked at before
                key = self.key(key_node)
                if key is None:
                    continue
            value: Any
            if type(value_node) is ScalarNode and not value_node.style and len(value_node.value) > SHORT:
                self.nodes += 1
                value = value_node.value
                if not value[0].isalpha():
                    path[-1] = key
                    value = self.bare(value_node)
            else:
                path[-1] = key
                value = self.value(value_node, depth + 1)
            if key in out:
                self.duplicate(next(first for first in node.value if first[0].value == key), pair)
            else:
                out[key] = value
        path.pop()
        return out

    def key(self, node: Any) -> str | None:
        if node.id != "scalar":
            self.fault(c.KEY_NOT_TEXT.at(span_of(self.file, node), "a list or mapping is used as a key"))
            return None
        text: str = node.value
        if node.style:
            return self.quoted(node)
        if text == "<<":
            self.fault(
                c.MERGE_KEY.at(
                    span_of(self.file, node), "merge keys are not allowed", help="write the fields out"
                )
            )
            return None
        if not text or text in _WORDS or _INTEGER.match(text) or _AMBIGUOUS.match(text):
            message = f"the key `{text}` can be read as something other than text"
            span, quoted = span_of(self.file, node), f'"{text}"'
            self.fault(
                c.KEY_NOT_TEXT.at(span, message, help=f"write {quoted}", fix=Fix(span=span, text=quoted))
            )
            return text or None  # as if it were quoted: that the key is missing is no second fault
        if len(_known_keys) < MANY_KEYS:
            _known_keys.add(text)
        return text

    def duplicate(self, first: tuple[Any, Any], again: tuple[Any, Any]) -> None:
        self.repeated += 1
        fix = None
        if self.repeated <= MOST_FIXES:
            fix = remedies.without_repetition(self.file, self.parsed.text, first, again)
        self.fault(
            c.DUPLICATE_KEY.at(
                span_of(self.file, again[0]),
                f"the key `{again[0].value}` stands twice",
                labels=[Label(span=span_of(self.file, first[0]), text="first here")],
                help="keep one of them",
                fix=fix,
            )
        )

    def fault(self, diagnostic: Diagnostic) -> None:
        if len(self.parsed.diagnostics) < FOUND_PER_FILE:
            self.parsed.diagnostics.append(diagnostic)


_known_keys: set[str] = set()  # bare keys that were found to be text: the schemas know a few hundred
_CORE = "tag:yaml.org,2002:"
_WORDS = {"true": True, "false": False, "null": None}


def _hidden(parsed: Parsed) -> Iterator[Diagnostic]:
    """Hidden characters that stand in the file itself."""
    file, text = parsed.file, parsed.text
    if text.isascii():
        return  # the parser has refused ASCII's control characters
    line, begins = 0, 0
    breaks = BREAK.finditer(text)
    following = next(breaks, None)
    # A line end that is one of them is both.
    for found in _HIDDEN.finditer(text.replace("\r\n", " \n")):
        while following is not None and following.end() <= found.start():
            line, begins = line + 1, following.end()
            following = next(breaks, None)
        column = found.start() - begins
        span = Span(file=file, line=line + 1, column=column + 1, end_line=line + 1, end_column=column + 2)
        yield c.HIDDEN.at(
            span,
            f"U+{ord(found[0]):04X} cannot be seen",
            help="remove it",
            fix=remedies.without_hidden(parsed.kind, found[0], span),
        )


def _needs_events(text: str) -> bool:
    return (
        (any(sign in text for sign in "&*!%") and _PROPERTIES.search(text) is not None)
        or text.count("[") + text.count("{") > SAFE_BRACKETS
        or (len(text) > SAFE_LINE_CHARS and max(map(len, text.splitlines())) > SAFE_LINE_CHARS)
    )


def _event_faults(file: str, text: str) -> list[Diagnostic]:
    """What only the events tell: anchors, aliases, explicit tags, directives, and depth before anything recurses."""
    found: list[Diagnostic] = []
    depth = 0
    for event in yaml.parse(text, yaml.CBaseLoader):
        match event:
            case _ if len(found) > FOUND_PER_FILE:
                pass
            case yaml.DocumentStartEvent() if event.version or event.tags:
                found.append(
                    c.TAG.at(span_of(file, event), "directives are not allowed", help="remove the line")
                )
            case yaml.AliasEvent():
                found.append(_property(c.ANCHOR, file, event, f"the alias `*{event.anchor}`"))
            case yaml.ScalarEvent() | yaml.CollectionStartEvent():
                if event.anchor:
                    found.append(_property(c.ANCHOR, file, event, f"the anchor `&{event.anchor}`"))
                if event.tag:
                    fault = _property(c.TAG, file, event, f"the tag `{event.tag.replace(_CORE, '!!')}`")
                    fix = remedies.without_tag(file, text, event) if len(found) < MOST_FIXES else None
                    found.append(replace(fault, fix=fix))
            case _:
                pass
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                deep = c.TOO_DEEP.at(
                    span_of(file, event), f"nested deeper than {MAX_DEPTH} levels", help=FLATTER
                )
                return [*found, deep]
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return found


def _property(code: Code, file: str, event: Any, what: str) -> Diagnostic:
    return code.at(
        span_of(file, event), f"{what} is not allowed", help="write it out, or quote a text that begins so"
    )


def _syntax(file: str, text: str, error: yaml.YAMLError) -> Diagnostic:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    if mark is None:
        line, column = _position(text, getattr(error, "position", 0) or 0)
    else:
        line, column = mark.line, mark.column
    rows = text.splitlines()
    begun = getattr(error, "context_mark", None)
    if (
        line >= len(rows) and begun is not None and begun.line < len(rows)
    ):  # the end of the file is where it was noticed
        line, column = begun.line, begun.column
    elif line >= len(rows) and rows:
        line, column = len(rows) - 1, len(rows[-1])
    span = Span(file=file, line=line + 1, column=column + 1, end_line=line + 1, end_column=column + 2)
    indent = rows[line][: len(rows[line]) - len(rows[line].lstrip())] if line < len(rows) else ""
    if "another document" in problem:
        return c.SEVERAL_DOCUMENTS.at(
            span, "a second document begins here", help="one file holds one document"
        )
    if "\t" in indent:
        return c.TAB.at(
            span, "a tab indents this line", help="use spaces", fix=remedies.spaces_for_tabs(file, text)
        )
    fix = remedies.quotes_for_colon(file, text, line + 1) if "mapping values" in problem else None
    message, help_ = next(
        (told for found, *told in _TOLD if found in problem), (f"this is no YAML: {problem}", None)
    )
    labels = []
    if begun is not None and (begun.line, begun.column) != (line, column) and begun.line < len(rows):
        at = Span(
            file=file,
            line=begun.line + 1,
            column=begun.column + 1,
            end_line=begun.line + 1,
            end_column=begun.column + 2,
        )
        labels = [Label(span=at, text="what cannot be read begins here")]
    return c.SYNTAX.at(
        span, message, labels=labels, help="quote the text, it holds `: `" if fix else help_, fix=fix
    )


# What the parser says, what we say, and what to do.
_TOLD: tuple[tuple[str, str, str], ...] = (
    (
        "mapping values",
        "a `: ` stands where no key can end",
        "quote the text, or begin a new line for the key",
    ),
    (
        "expected ':'",
        "a key has no `:` after it",
        "write `key: value`, or indent the line if it goes on from the one above",
    ),
    ("',' or ']'", "a list in brackets is not closed, or lacks a comma", "close it with `]`"),
    ("',' or '}'", "a mapping in braces is not closed, or lacks a comma", "close it with `}`"),
    ("expected key", "this line does not fit what stands above it", "indent it as the lines it belongs to"),
    (
        "'-' indicator",
        "this line does not fit the list above it",
        "begin it with `- `, indented as the other items",
    ),
    ("end of stream", "quotes are opened and never closed", "close them"),
    ("cannot start any token", "a text cannot begin with this character", "quote the text"),
)


def _position(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n"), index - (before.rfind("\n") + 1)
