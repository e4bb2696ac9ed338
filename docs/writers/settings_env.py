"""docs/reference/settings-env.md, from runtime.settings.KNOWN."""

from __future__ import annotations

from runtime.settings import KNOWN

NAME = "settings-env.md"
HEAD = """# Settings

Written by `python -m docs.generate` from `runtime/settings.py`; do not edit.

Every setting is read from the environment once, when a process starts. A name that begins with `CONVO_` and is not in this
table is refused, with the nearest name printed: a typo never switches anything off. An empty value counts as not set. A
reference is `env:NAME` or `file:PATH`; the secret itself is refused. `convo doctor` looks at all of them and says what to do.

| name | what it is for |
|---|---|
| `DATABASE_URL` | the owner's login; the URL of each role is derived from it by swapping the user, with the same password |
"""
TAIL = """
A role's own URL wins over the derived one. When all five are set, `DATABASE_URL` is not needed.

Three combinations are refused: a shifted clock outside the sandbox, `CONVO_DEV=1` outside the sandbox, and `CONVO_DEV=1` on
an address that is not loopback.

`convo serve --dev` and `convo demo` make every one of these for themselves, in a folder of their own.
"""


def page() -> str:
    """The whole page, in the order of the code."""
    return HEAD + "".join(f"| `{name}` | {words} |\n" for name, words in KNOWN.items()) + TAIL
