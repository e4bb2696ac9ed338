"""The classifier that is measured beside the rules: what it reads back is what was trained, and it says where."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sets.learned import train
from tests.sets.learned.classifier import Classifier, classifier_from, pieces, words_of

SAID = (
    "my cat ran off again",
    "the cat sat by the door",
    "what does the meter say",
    "where is my bill for may",
)


def made() -> tuple[Classifier, train.Model, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """Two categories: one that cats speak for, one that nothing does."""
    held = [{b for _, b in pieces(words_of(text), train.BUCKETS)} for text in SAID]
    rarity = train.rarities(held)
    weights = np.zeros((train.BUCKETS, 2), np.float32)
    weights[[b for _, b in pieces(words_of("cat"), train.BUCKETS)], 0] = 3
    model = train.Model(weights, np.array([-1.0, -1.0], np.float32))
    return (
        classifier_from(train.document(model, rarity, ("cats", "dogs"), (-0.95, -0.95), "x").encode()),
        model,
        rarity,
    )


def test_what_is_read_back_scores_as_what_was_trained() -> None:
    read, model, rarity = made()
    for text in SAID:
        held = {b for _, b in pieces(words_of(text), train.BUCKETS)}
        exactly = train.scores(train.matrix([held], rarity), np.array([0]), model)[0]
        assert read.scores(words_of(text)) == pytest.approx(list(exactly), abs=0.02)


def test_it_says_which_words_made_it_hear() -> None:
    read, _, _ = made()
    text = "now and then a cat looks in"
    (heard,) = read.heard(text)
    assert heard.category == "cats"
    assert "cat" in text[heard.start : heard.end]
    assert read.heard("now and then a bill comes in") == ()


def test_a_document_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format"):
        classifier_from(b'{"format": "other"}')
