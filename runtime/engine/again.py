"""Again: somebody writes the very same thing for the third time, or the fourth where we asked something. A person helps now."""

from __future__ import annotations

from runtime.engine.scene import Scene
from schemas.text import normalise

LINES_READ = 12  # theirs and ours
TIMES = 3
TIMES_ASKED = 4  # where we asked something: the same words may answer two questions, hardly four
MIN_WORDS = 3  # "yes", "no" and "the second one" are said often and each time of something else


def said_again(scene: Scene) -> bool:
    """Whether the last words were written twice before in this conversation, since a person last gave it back."""
    turn = scene.turn
    if not scene.heard:
        return False
    words = _bare(scene.heard[-1])
    if len(words.split()) < MIN_WORDS:
        return False
    back = turn.handed_back_at
    before = [
        line.text for line in turn.history[-LINES_READ:] if not line.ours and (back is None or line.at > back)
    ]
    times = TIMES if turn.asked is None else TIMES_ASKED
    return sum(_bare(text) == words for text in (*before, *scene.heard)) >= times


def _bare(text: str) -> str:
    return normalise(text).text.strip(" .!?,")
