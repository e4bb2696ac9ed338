"""Shell completion: the script offers what the command line takes, and nothing is started to find out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import cli
from commands.completion import known, script

KNOWN = known(*cli._table())


def offered(tmp_path: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    (tmp_path / "c.bash").write_text(script("bash", KNOWN))
    (tmp_path / "tenants" / "acme").mkdir(parents=True, exist_ok=True)
    (tmp_path / "tenants" / "acme" / "tenant.yaml").touch()
    typed = " ".join(f"'{word}'" for word in words)
    run = f'. ./c.bash; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _convo; echo "${{COMPREPLY[*]}}"'
    done = subprocess.run(["bash", "-c", run], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("convo", "fm"), ["fmt"]),
        (("convo", "queue", "re"), ["replay"]),
        (("convo", "activate", "--stage", ""), ["sandbox", "staging", "live"]),
        (("convo", "compile", "--format", "sa"), ["sarif"]),
        (("convo", "why-send", "acme", "--cl"), ["--class"]),
        (("convo", "docs", "a"), ["acme"]),
        (("convo", "completion", "z"), ["zsh"]),
    ],
)
def test_bash_offers_commands_options_choices_and_tenants(
    tmp_path: Path, words: tuple[str, ...], wanted: list[str]
) -> None:
    assert offered(tmp_path, *words) == wanted


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_in_every_script(shell: str) -> None:
    written = script(shell, KNOWN)  # type: ignore[arg-type]
    assert "convo" in written.splitlines()[0]
    for path, one in KNOWN.items():
        for word in (*path.split(), *(one.words if path else ())):
            assert word.removeprefix("--") in written, (path, word)


def test_zsh_keeps_its_hands_off_the_variables_that_mean_something_there() -> None:
    assert "local path" not in script("zsh", KNOWN)
