"""Who may do what at the desk. An act that is not in this table is nobody's."""

from __future__ import annotations

from collections.abc import Mapping

EVERYBODY = frozenset({"owner", "admin", "agent", "viewer"})
PEOPLE = frozenset({"owner", "admin", "agent"})
LEADS = frozenset({"owner", "admin"})

ACTS: Mapping[str, frozenset[str]] = {
    "look": EVERYBODY,
    "sign_out": EVERYBODY,
    "replay": PEOPLE,
    "discard": PEOPLE,
    "close_case": PEOPLE,
    "take_over": PEOPLE,
    "hand_back": PEOPLE,
    "lift_hold": PEOPLE,
    "write": PEOPLE,
    "overrule": LEADS,
    "kill": LEADS,
    "enable": LEADS,
}


def may(role: str, act: str) -> bool:
    """Whether this role may do this. Unknown roles and unknown acts: no."""
    return role in ACTS.get(act, frozenset())
