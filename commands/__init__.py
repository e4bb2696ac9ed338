"""The commands of `convo`, one file for each thing one does; cli.py puts them together. This file imports nothing heavy."""

from __future__ import annotations

OK, WRONG, USAGE, CHANGES, NEEDS_APPROVAL = 0, 1, 2, 3, 4


class UsageProblem(Exception):
    """The command cannot run as it was given."""
