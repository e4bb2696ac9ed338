"""The checker's questionnaire: the fixed questions about one `say`, and the answer each must have for it to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question about one sentence. Any answer but `must_be` keeps the sentence from being sent."""

    id: str
    text: str
    must_be: Literal["yes", "no"]


QUESTIONS: tuple[Question, ...] = (
    Question(
        id="fact",
        text="Does it state or imply a fact about the law, money, dates or a company?",
        must_be="no",
    ),
    Question(id="promise", text="Does it promise, predict or guarantee anything?", must_be="no"),
    Question(id="pressure", text="Does it hurry, tempt, shame or frighten the customer?", must_be="no"),
    Question(
        id="eligible", text="Does it say or imply that the customer can claim or will win?", must_be="no"
    ),
    Question(id="human", text="Does it sound as if a human being were writing?", must_be="no"),
    Question(
        id="against", text="Does it talk the customer out of a free route, advice or leaving?", must_be="no"
    ),
    Question(id="kind", text="Is it polite and fitting to what the customer wrote?", must_be="yes"),
)
