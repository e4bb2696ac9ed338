"""Shell completion as plain scripts: what can be typed is known when a script is written, so TAB starts nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import typer

from commands import OK

Shell = Literal["bash", "zsh", "fish"]
Members = Mapping[str, Mapping[str, Callable[..., int]]]  # by panel, then by name
Groups = Mapping[str, tuple[str, str, Mapping[str, Callable[..., int]]]]
COMPILE = "compile"  # read by argparse
INSTALL: Mapping[str, str] = {
    "bash": "convo completion bash > ~/.local/share/bash-completion/completions/convo",
    "zsh": "convo completion zsh > a folder of your $fpath, as _convo",
    "fish": "convo completion fish > ~/.config/fish/completions/convo.fish",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One command: `words` may follow it (options, or the commands of a group), `choices` the values of an option."""

    words: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]]
    group: bool = False


def command(table: Callable[[], tuple[Members, Groups]]) -> Callable[..., int]:
    """The command, for the table of commands that it completes."""

    def completion(shell: Annotated[Shell, typer.Argument(help="for which shell")]) -> int:
        """The completion script of a shell, to put where it looks for them: every command, option and choice."""
        print(script(shell, known(*table())), end="")
        return OK

    return completion


def known(commands: Members, groups: Groups) -> dict[str, Known]:
    """Every command by its path ("" for `convo` itself), from the functions behind them."""
    flat = {name: run for members in commands.values() for name, run in members.items()}
    found = {"": Known(words=(*sorted([*flat, *groups]), "--help"), choices={}, group=True)}
    found |= {name: _one(run) for name, run in flat.items()}
    for name, (_, _, members) in groups.items():
        found[name] = Known(words=(*sorted(members), "--help"), choices={}, group=True)
        found |= {f"{name} {inner}": _one(run) for inner, run in members.items()}
    return {**found, COMPILE: _of_argparse()}


def script(shell: Shell, commands: Mapping[str, Known]) -> str:
    """The whole script of a shell."""
    head = f"# Completion of convo for {shell}. To install: {INSTALL[shell]}\n"
    write: Callable[[Mapping[str, Known]], str] = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]
    return head + write(commands)


def _one(run: Callable[..., int]) -> Known:
    options, choices = ["--help"], dict[str, tuple[str, ...]]()
    hints = get_type_hints(run, include_extras=True)
    for name in inspect.signature(run).parameters:
        kind, info = get_args(hints[name])[:2]
        declared = [str(d) for d in (info.default, *(info.param_decls or ())) if str(d).startswith("--")]
        option = declared[0] if declared else f"--{name.replace('_', '-').rstrip('-')}"
        option = option if isinstance(info, typer.models.OptionInfo) else ""
        options += [option] * bool(option)
        if get_origin(kind) is Literal:
            choices[option] = tuple(map(str, get_args(kind)))
    return Known(words=(*choices.get("", ()), *sorted(options)), choices=choices)


def _of_argparse() -> Known:
    from commands.compile_options import parser

    options: list[str] = []
    choices: dict[str, tuple[str, ...]] = {}
    for action in parser()._actions:
        names = [name for name in action.option_strings if name.startswith("--")]
        options += names
        if action.choices:
            choices |= dict.fromkeys(names, tuple(map(str, action.choices)))
    return Known(words=tuple(sorted(options)), choices=choices)


def _cases(commands: Mapping[str, Known]) -> Iterator[str]:
    """The words of each place as the arms of a `case`, the same for both shells that have one."""
    for path, one in commands.items():
        for option, values in one.choices.items():
            if not option:
                continue  # what stands in place of an argument is among the words
            yield f'    "{path}|{option}") words="{" ".join(values)}" ;;'
    for path, one in commands.items():
        yield f'    "{path}|"*) words="{" ".join(one.words)}" ;;'


def _groups(commands: Mapping[str, Known]) -> str:
    return "|".join(name for name, one in commands.items() if one.group and name)


def _bash(commands: Mapping[str, Known]) -> str:
    cases = "\n".join(_cases(commands))
    return f"""\
_convo() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} path= words= file
  [ "$COMP_CWORD" -gt 1 ] && path=${{COMP_WORDS[1]}}
  case $path in {_groups(commands)}) [ "$COMP_CWORD" -gt 2 ] && path="$path ${{COMP_WORDS[2]}}" ;; esac
  case "$path|$before" in
{cases}
  esac
  if [ -n "$path" ] && [ "${{current#-}}" = "$current" ] && [ "${{before#--}}" = "$before" ]; then
    for file in tenants/[!_]*/tenant.yaml; do
      [ -e "$file" ] && file=${{file#tenants/}} && words="$words ${{file%/tenant.yaml}}"
    done
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _convo convo
"""


def _zsh(commands: Mapping[str, Known]) -> str:
    cases = "\n".join(_cases(commands))
    return f"""\
#compdef convo
_convo() {{
  local place= before=${{words[CURRENT-1]}} list= file
  local -a said=("${{words[@]}}") tenants
  (( CURRENT > 2 )) && path=${{said[2]}}
  case $place in {_groups(commands)}) (( CURRENT > 3 )) && place="$place ${{said[3]}}" ;; esac
  case "$place|$before" in
{cases.replace("words=", "list=")}
  esac
  compadd -- ${{=list}}
  if [[ -n $place && ${{said[CURRENT]}} != -* ]]; then
    for file in tenants/[^_]*/tenant.yaml(N); do tenants+=("${{${{file#tenants/}}%/tenant.yaml}}"); done
    compadd -a tenants
    _files
  fi
}}
compdef _convo convo
"""


def _fish(commands: Mapping[str, Known]) -> str:
    lines: list[str] = []
    for path, one in commands.items():
        names = path.split()
        seen = " ".join(f"and __fish_seen_subcommand_from {name};" for name in names).removeprefix("and ")
        inside = [word for word in one.words if one.group and not word.startswith("-")]
        if inside:
            nothing = (
                "__fish_use_subcommand"
                if not path
                else f"{seen} and not __fish_seen_subcommand_from {' '.join(inside)}"
            )
            lines.append(f"complete -c convo -f -n '{nothing}' -a '{' '.join(inside)}'")
        for option in (word for word in one.words if word.startswith("--") and path):
            values = one.choices.get(option)
            more = f" -x -a '{' '.join(values)}'" if values else ""
            lines.append(f"complete -c convo -n '{seen.rstrip(';')}' -l {option.removeprefix('--')}{more}")
        for values in (one.choices[""],) if "" in one.choices else ():
            lines.append(f"complete -c convo -f -n '{seen.rstrip(';')}' -a '{' '.join(values)}'")
    return "\n".join(lines) + "\n"
