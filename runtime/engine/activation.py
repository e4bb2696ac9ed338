"""Activation: whether the assistant answers this turn by itself, by the tenant's mode. Safety, stops and hand-offs do not ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from runtime.engine.scene import Scene
from runtime.guardrails.registered_facts import local_time
from schemas.record import Activation, WorkingHours
from schemas.text import normalise

PEOPLE_ANSWER: Final = "people_answer"
NO_KEYWORD: Final = "no_keyword"
OFF_HOURS: Final = "off_hours"
KNOWN_CONTACT: Final = "known_contact"
SAY_AGAIN_AFTER = timedelta(hours=12)  # "we are closed" once an evening, however often somebody writes

_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORKING_DAYS = _WEEKDAYS[:5]


def inactive(scene: Scene) -> str | None:
    """Why the assistant does not answer this turn by itself, or None. A bundle without a mode is always on.

    A conversation it has begun stays on: being woken or being new is asked once, hours are asked each time.
    """
    activation = scene.bundle.journeys.activation if scene.bundle.journeys else None
    if activation is None:
        return None
    if not activation.auto_reply:
        return PEOPLE_ANSWER
    match activation.mode:
        case "keyword_triggered" if not scene.turn.started and not woken(activation.keywords, scene.heard):
            return NO_KEYWORD
        case "business_hours" if _closed(scene, activation):
            return OFF_HOURS
        case "new_contacts_only" if not scene.turn.started and not _is_new(scene):
            return KNOWN_CONTACT
        case _:
            return None


def line_of(scene: Scene, reason: str) -> str | None:
    """The fixed line for this reason, if it is to be said now: once, and only where it leaves now and not in the morning."""
    line = scene.bundle.lines.off_hours
    if reason != OFF_HOURS or line is None or scene.sayable(line) is None:
        return None
    said = scene.turn.shown.get(line)
    if said is not None and scene.turn.now - said < SAY_AGAIN_AFTER:
        return None
    leaves_now = scene.turn.channel == "webchat" or not scene.closed
    return line if leaves_now and not scene.held and not scene.opted_out else None


def woken(keywords: Sequence[str], texts: Sequence[str]) -> bool:
    """Whether one of the keywords stands in one of the texts, as whole words, in any reading of it."""
    wanted = [_plain(normalise(keyword).text) for keyword in keywords]
    heard = [_plain(view.text) for text in texts for view in normalise(text).views]
    return any(keyword.strip() and keyword in line for keyword in wanted for line in heard)


def _plain(text: str) -> str:
    return f" {' '.join(_WORDS.findall(text.casefold()))} "


def _is_new(scene: Scene) -> bool:
    return scene.turn.first_contact and not scene.turn.history


def _closed(scene: Scene, activation: Activation) -> bool:
    """Outside the mode's own hours, else outside the policy's."""
    return scene.closed if activation.hours is None else not _open(scene, activation.hours)


def _open(scene: Scene, hours: WorkingHours) -> bool:
    policy = scene.bundle.policy
    here = local_time(scene.turn.now, policy.timezone)
    if _WEEKDAYS[here.weekday()] not in (hours.weekdays or _WORKING_DAYS):
        return False
    if here.date().isoformat() in policy.quiet_dates:
        return False
    return _minute(hours.open_from) <= here.hour * 60 + here.minute < _minute(hours.open_until)


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
