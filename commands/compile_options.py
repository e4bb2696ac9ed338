"""What `convo compile` may be given, and what it says of a word it does not know."""

from __future__ import annotations

import argparse
import re
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn

TENANTS = Path("tenants")
FORMATS = ("text", "concise", "json", "github", "sarif", "md")
STAGES = ("sandbox", "staging", "live")

_EXAMPLES = """\
examples:
  convo compile --check                             every fault of every tenant
  convo compile --check tenants/acme                of one tenant, and of the packs it takes
  convo compile --check --fix                       put right what can only be put right in one way
  convo compile --check --diff                      show what --fix would change, and change nothing
  convo compile --check --format github --base origin/main
                                                    annotate a pull request, faults on changed lines first
  convo compile --out dist --sign-key ci.pem        write and sign the bundles

exit codes:
  0  no errors (warnings do not count)
  1  errors; with --diff also: there is something to put right
  2  the command cannot run as it was given

`convo explain CODE` says what a diagnostic means. NO_COLOR and FORCE_COLOR are respected.
"""
_DESCRIPTION = "Check tenants and write their bundles. Touches no database and no network."


def parser() -> argparse.ArgumentParser:
    """The one parser of `convo compile`, with --check and without."""
    made = _Parser(
        prog="convo compile",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("tenants", nargs="*", type=Path, help="tenants/, or one or more tenants/<slug> (default: tenants)")
    add("--check", action="store_true", help="only say what is wrong; write no bundle")
    add("--fix", action="store_true", help="put right what can only be put right in one way; implies --check")
    add("--diff", action="store_true", help="show what --fix would change and write nothing; implies --check")
    add(
        "--today",
        type=_day,
        default=today(),
        metavar="YYYY-MM-DD",
        help="the day perishable facts are judged on",
    )
    add("--stage", choices=STAGES, default="sandbox", help="which stage it is for")
    add("--format", choices=FORMATS, default="text", help="how faults are told (default: text)")
    add(
        "--base",
        metavar="REF",
        help="annotate first what has changed since this git revision; only who was enrolled there may approve it",
    )
    add(
        "--changed",
        type=Path,
        metavar="FILE",
        help="or what this unified diff changes (- reads it from stdin)",
    )
    add("--summary", type=Path, metavar="FILE",
        help="add every fault to this file as Markdown (default with --format github: $GITHUB_STEP_SUMMARY)")  # fmt: skip
    add(
        "--docs",
        type=_address,
        metavar="URL",
        help="where the pages of the codes are, for links in sarif and md",
    )
    add(
        "--watch",
        action="store_true",
        help="check again whenever a file is saved, until Ctrl-C; implies --check",
    )
    add("--no-cache", action="store_true", help="compile also what was compiled before as it stands")
    add("--out", type=Path, default=Path("dist"), help="where <digest>.json is written (default: dist)")
    add("--sign-key", type=Path, help="Ed25519 private key (PEM); without it the bundle is unsigned")
    return made


def today() -> date:
    """This day, here."""
    return datetime.now().astimezone().date()


class _Parser(argparse.ArgumentParser):
    """Says which word was probably meant."""

    def error(self, message: str) -> NoReturn:
        from compiler.diagnostics.suggest import did_you_mean

        hints = []
        if found := re.match(r"unrecognized arguments: (--[^ =]+)", message):
            hints.append(did_you_mean(found[1], self._option_string_actions))
        if found := re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message):
            hints.append(did_you_mean(found[1], re.findall(r"[\w-]+", found[2])))
        told = "; ".join([message, *(hint for hint in hints if hint)])
        self.exit(2, f"{self.prog}: {told}\n`{self.prog} --help` shows every option.\n")


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no address of a page: it begins with https://")
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write it like 2026-11-24") from None
