"""docs/reference/commands.md, from the functions behind the command line."""

from __future__ import annotations

import argparse
import inspect
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer.models

import cli
from commands.compile import parser as compile_parser

NAME = "commands.md"
COMPILE = "compile"  # read by argparse, because typer's loading would cost more than the check
HEAD = """# Commands

Written by `python -m docs.generate` from the command line itself; do not edit. `convo COMMAND --help` says the same.

After `make setup` the command is `.venv/bin/convo`. Exit codes: 0 all is well; 1 there is something to put right (a
diagnostic, a refusal); 2 the command cannot run as it was given or configured; 3 `plan` or `diff` found changes; 4 one of
those changes still needs somebody's approval or a waiver; 130 interrupted.

Commands that need a database read the settings of [settings-env.md](settings-env.md).
"""


def page() -> str:
    """The whole page, by the panels of `convo --help`."""
    commands, groups = cli._table()
    parts = [HEAD]
    for panel, members in commands.items():
        parts += [f"## {panel}", ""]
        parts += [_command(name, command) for name, command in members.items()]
        for group, (its_panel, _, nested) in groups.items():
            if its_panel == panel:
                parts += [_command(f"{group} {name}", command) for name, command in nested.items()]
    return "\n".join(parts)


def options() -> dict[str, frozenset[str]]:
    """Every command (`queue list`) with the options it takes (`--reason`)."""
    commands, groups = cli._table()
    flat = {name: command for members in commands.values() for name, command in members.items()}
    flat |= {f"{group} {name}": c for group, (_, _, nested) in groups.items() for name, c in nested.items()}
    found = {name: frozenset(o for o, *_ in _options(command)) for name, command in flat.items()}
    taken = {o for action in compile_parser()._actions for o in action.option_strings}
    return {**{name: taking | {"--help"} for name, taking in found.items()}, COMPILE: frozenset(taken)}


def _command(name: str, command: Callable[..., int]) -> str:
    doc = inspect.getdoc(command) or ""
    if name == COMPILE:
        return "\n".join([f"### convo {name}", "", doc.split(" `convo", 1)[0], "", *_from_argparse(), ""])
    arguments = list(_arguments(command))
    usage = " ".join(
        ["convo", name, *(a.upper() if needed else f"[{a.upper()}]" for a, needed, _ in arguments)]
    )
    rows = [f"| `{a.upper()}` | {words} |" for a, _, words in arguments]
    rows += [f"| `{o}{f' {kind}' if kind else ''}` | {words} |" for o, kind, words in _options(command)]
    table = ["", "| | |", "|---|---|", *rows] if rows else []
    return "\n".join([f"### {usage}", "", doc, *table, ""])


def _arguments(command: Callable[..., int]) -> Iterator[tuple[str, bool, str]]:
    """(name, whether it must be given, what it is)."""
    for name, kind, info, default in _parameters(command):
        if isinstance(info, typer.models.ArgumentInfo):
            choices = _kind(kind) if get_origin(_plain(kind)) is Literal else ""
            words = "; ".join(filter(None, [info.help or "", choices]))
            yield name.replace("_", "-").rstrip("-"), default is inspect.Parameter.empty, _cell(words)


def _options(command: Callable[..., int]) -> Iterator[tuple[str, str, str]]:
    """(`--name`, what follows it, what it does)."""
    for name, kind, info, default in _parameters(command):
        if isinstance(info, typer.models.OptionInfo):
            declared = [d for d in (info.default, *(info.param_decls or ())) if str(d).startswith("--")]
            option = str(declared[0]) if declared else f"--{name.replace('_', '-').rstrip('-')}"
            needed = "" if default is not inspect.Parameter.empty else " (required)"
            shown = (
                f" (default: {default})" if default not in (None, "", False, inspect.Parameter.empty) else ""
            )
            yield option, "DATE" if info.formats else _kind(kind), _cell(f"{info.help or ''}{needed}{shown}")


def _parameters(command: Callable[..., int]) -> Iterator[tuple[str, Any, Any, Any]]:
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        kind, info = get_args(hints[name])[:2]
        yield name, kind, info, parameter.default


def _kind(kind: Any) -> str:
    plain = _plain(kind)
    if plain is bool:
        return ""
    if get_origin(plain) is Literal:
        return "/".join(get_args(plain))
    return {"datetime": "TIME", "Path": "PATH", "int": "N", "UUID": "ID"}.get(plain.__name__, "TEXT")


def _plain(kind: Any) -> Any:
    """The type without `| None`."""
    rest = [each for each in get_args(kind) if each is not type(None)]
    return rest[0] if len(rest) == 1 and get_origin(kind) is not Literal and not _is_list(kind) else kind


def _is_list(kind: Any) -> bool:
    return get_origin(kind) in (list, typing.List)  # noqa: UP006


def _from_argparse() -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for action in compile_parser()._actions:
        if action.option_strings == ["-h", "--help"]:
            continue
        name = "/".join(action.option_strings) or f"[{action.dest.upper()} ...]"
        words = action.help or "how faults are shown"
        yield f"| `{name}{_value(action)}` | {_cell(words)} |"


def _value(action: argparse.Action) -> str:
    if not action.option_strings or action.nargs == 0:
        return ""
    if action.choices:
        return " " + "/".join(map(str, action.choices))
    return " PATH" if action.type is Path else " DATE"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
