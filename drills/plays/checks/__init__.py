"""The checks a play may ask for, by name. Each takes the log and what it is given, and yields what is wrong as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from drills.plays.checks import care, followed, sent, words
from drills.plays.log import Log

Check = Callable[..., Iterator[str]]

CHECKS: Mapping[str, Check] = {
    check.__name__: check for check in (*words.CHECKS, *followed.CHECKS, *sent.CHECKS, *care.CHECKS)
}

# What may differ between two runs of a real model that both do no harm: which of the safe answers is given, and how well.
JUDGED = frozenset(
    {"claim_used", "off_topic_refused", "answers_or_says_none", "reading_age_under", "no_escalation"}
)


def faults_of(check: str, log: Log, given: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong, each with the check's name; a check that breaks has not held."""
    try:
        return tuple(f"{check}: {fault}" for fault in CHECKS[check](log, **given))
    except Exception as error:
        return (f"{check}: the check broke ({type(error).__name__}: {error})",)
