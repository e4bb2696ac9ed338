"""Somebody's text, made safe for where it is shown: a terminal, a workflow's log, Markdown on a code host. Pure."""

from __future__ import annotations

import re

# Controls, what cannot be seen, what turns the reading direction, and halves of surrogate pairs, which no output can hold.
_UNSEEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
NEW_LINE = " ↵ "

# A character reference never is structure in Markdown, and means the same inside an HTML block, where a backslash would show.
_STRUCTURE = {ord(c): f"&#{ord(c)};" for c in "&<>\"'\\`*_{}[]|~^"}
# Code hosts act on these after they have rendered: only a break inside the word stops them, and it cannot be seen.
_BREAK = "&#8203;"
_MENTION = re.compile("@")
_ISSUE = re.compile(r"#(?=\w)|(?i:\bgh-)(?=\d)")
_SCHEME = re.compile(r":(?=//)|(?i:\bwww)(?=\.)")
_EMOJI = re.compile(r":(?=[\w+-]+:)")
_COMMIT = re.compile(r"(?<![0-9A-Za-z_])[0-9a-fA-F]{7,40}(?![0-9A-Za-z_])")
_SIX = re.compile(r".{6}(?=.)")
_FIRST = re.compile(r"\A(?:[-+=#:.)\s]+|[0-9]+[.)])")


def visible(text: str) -> str:
    """The text with control, bidirectional and invisible characters spelt out: `<U+202E>`. A tab stays."""
    return _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def log_line(text: str) -> str:
    """The text as part of one line of a log that a code host reads commands from: it can neither be a command nor hold one.

    GitHub's runner takes `::` at the start of a line, spaces before it or not, and the older `##[` anywhere in one.
    """
    shown = visible(_LINE_END.sub(NEW_LINE, text)).replace("##[", "# #[")
    return re.sub(r"\A(\s*):(?=:)", r"\1: ", shown)


def markdown(text: str) -> str:
    """The text as one line of GitHub Markdown (also in a table's cell or an HTML block) that shows it and does nothing else.

    No mention, link, image, tag, emphasis, code, math, emoji, reference to an issue or commit, list, heading, cell or
    workflow command comes of it, wherever on a line it is put. Line ends show as ↵, hidden characters as <U+202E>.
    """
    shown = visible(_LINE_END.sub(NEW_LINE, text))
    for pattern in (_MENTION, _ISSUE, _SCHEME, _EMOJI):
        shown = pattern.sub(lambda found: f"{found[0]}\x00", shown)
    shown = _COMMIT.sub(lambda found: _SIX.sub("\\g<0>\x00", found[0]), shown)
    shown = shown.translate(_STRUCTURE).replace("$", "<span>$</span>")
    shown = shown.replace("::", "&#58;&#58;").replace("##", "&#35;&#35;")
    shown = _FIRST.sub(
        lambda found: "".join(f"&#{ord(c)};" if not c.isdigit() else c for c in found[0]), shown
    )
    return shown.replace("\x00", _BREAK)


def workflow_command(text: str) -> str:
    """The text as the message of a workflow command (`::error::message`): it can neither end it nor begin another."""
    lines = "\n".join(visible(line) for line in _LINE_END.split(text))
    return lines.replace("%", "%25").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """The text as a property of a workflow command (`::error file=property`)."""
    return workflow_command(text).replace(":", "%3A").replace(",", "%2C")
