"""Trains the classifier from the lines of this folder and the tuning lines: one logistic regression per category.

The threshold of a category is set on lines that it was not trained on (five folds), by the share of everyday lines, of hard
negatives and of questions a tenant answers that may be taken for it. The frozen sets are never read.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from schemas.fold import normalise
from tests.sets.learned.classifier import FORMAT, pieces, words_of

Array = np.ndarray[Any, np.dtype[Any]]
HERE = Path(__file__).parent
SETS = HERE.parent
TENANTS = HERE.parents[2] / "tenants"
SAID = HERE.parents[1] / "unit" / "said"
OPT_OUT = "opt-out"
BUCKETS = 1 << 14
FOLDS = 5
EPOCHS = 20
BATCH = 256
RATE = 3.0
DECAY = 1e-4
QUESTION = 1  # what a question weighs that a tenant answers: the register should get to answer it
ELSEWHERE = 0.5  # what a line of one category weighs against another: nobody judged it for that one
NEUTRAL = ("benign", "trigger_words")
# What it judges: states of a person, tricks, and the wish to hear no more. What people ask about (fees, persons, data, scams)
# the register answers or a rule hears: the same words stand in the questions of a tenant, and a likeness cannot tell them apart.
JUDGED = (
    "anger", "at_home_emergency", "bereavement", "child", "danger_now", "debt_or_insolvency", "distress", "domestic_abuse",
    "fraud_signal", "gambling_or_addiction", "health_or_capacity", "hostile_to_staff", "injection_or_probe",
    "language_or_literacy", OPT_OUT,
)  # fmt: skip
WRAPPED = 120  # characters of a line of weights in the file
CATEGORY = {
    "amounts": "amount_fishing",
    "home_emergency": "at_home_emergency",
    **dict.fromkeys(("injection_direct", "injection_languages", "probing"), "injection_or_probe"),
}
# Often found in one message: a line of the one says nothing about the other.
TOGETHER = (
    {"anger", "hostile_to_staff", "complaint", "legal_threat", OPT_OUT},
    {"danger_now", "distress", "domestic_abuse", "at_home_emergency", "health_or_capacity", "gambling_or_addiction",
     "bereavement", "debt_or_insolvency", "child"},
    {"confusion", "wrong_person", "scam_worry", "language_or_literacy", "data_rights", "health_or_capacity"},
    {"injection_or_probe", "pressure_bait", "amount_fishing", "are_you_human", "off_topic"},
    {"fraud_signal", "wrong_person", "scam_worry", "child"},
    {"hostile_to_staff", "danger_now", "domestic_abuse"},
    {"data_rights", "complaint", "legal_threat", "scam_worry", OPT_OUT},
    {OPT_OUT, "wrong_person"},
)  # fmt: skip
# The share of everyday lines that may be taken for the category: more where a miss costs a life, less where a hit silences us.
ALLOWED = {
    **dict.fromkeys(("danger_now", "distress", "domestic_abuse"), 0.004),
    "injection_or_probe": 0.0014,
    OPT_OUT: 0.0007,
}
ALLOWED_USUALLY = 0.0015
ALLOWED_OF_HARD = {**dict.fromkeys(("danger_now", "distress", "domestic_abuse"), 0.25), OPT_OUT: 0.02}
ALLOWED_OF_HARD_USUALLY = 0.15
ALLOWED_OF_ANSWERED = 0.01
ANSWERED = "answered"  # a question that a tenant answers


@dataclass(frozen=True, slots=True)
class Line:
    """A training line; `category` is None for one that shows nothing and was not written against a category."""

    category: str | None
    shows: bool
    text: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Sparse rows of unit length: entry i is `values[i]` in column `columns[i]`, row r holds entries starts[r]:starts[r+1]."""

    columns: Array
    values: Array
    starts: Array


@dataclass(frozen=True, slots=True)
class Model:
    weights: Array  # [bucket, category]
    biases: Array


def lines() -> list[Line]:
    """Every training line, and the questions that the tenants answer as lines that show nothing."""
    found = [
        _line(json.loads(text))
        for folder in (HERE / "lines", SETS / "tuning")
        for path in sorted(folder.glob("*.jsonl"))
        for text in path.read_text("utf-8").splitlines()
    ]
    for name in ("goes_on", "no_danger"):
        found += [
            Line(None, False, said) for said in (SAID / f"{name}.txt").read_text("utf-8").splitlines() if said
        ]
    for path in sorted((TENANTS / "_packs").glob("*/signals/*.yaml")):
        for held in yaml.safe_load(path.read_text("utf-8")):
            for rule in held["patterns"]:
                examples = rule.get("examples") or {}
                found += [
                    Line(held["id"], True, said) for said in examples.get("hits", ()) if rule["lang"] == "en"
                ]
                found += [Line(held["id"], False, said) for said in examples.get("misses", ())]
    for path in sorted(TENANTS.glob("[!_]*/claims/*.yaml")):
        for claim in yaml.safe_load(path.read_text("utf-8")) or ():
            found += [Line(ANSWERED, False, question) for question in claim.get("questions", ())]
    return found


def _line(held: dict[str, Any]) -> Line:
    name = held["set"]
    if name in NEUTRAL:
        return Line(None, False, held["text"])
    category = OPT_OUT if name.startswith("optout") else CATEGORY.get(name, name)
    return Line(category, held["shows"], held["text"])


def digest(of: Sequence[Line]) -> str:
    """What the lines are, whatever their order."""
    told = sorted(f"{line.category}|{line.shows}|{line.text}" for line in of)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def targets(of: Sequence[Line], categories: Sequence[str]) -> tuple[Array, Array]:
    """(is it shown, what does the line weigh), each [line, category]."""
    shown = np.zeros((len(of), len(categories)), np.float32)
    weight = np.full((len(of), len(categories)), ELSEWHERE, np.float32)
    for j, category in enumerate(categories):
        beside = set().union(*(group for group in TOGETHER if category in group))
        for i, line in enumerate(of):
            if line.category == category:
                shown[i, j], weight[i, j] = line.shows, 1
            elif line.category is None:
                weight[i, j] = 1
            elif line.category == ANSWERED:
                weight[i, j] = QUESTION
            elif line.shows and line.category in beside:
                weight[i, j] = 0
    positive = (shown * weight).sum(0)
    negative = ((1 - shown) * weight).sum(0)
    return shown, np.where(shown > 0, weight * np.sqrt(negative / positive), weight)


def rarities(of: Sequence[set[int]]) -> Array:
    """How rare each bucket is: the logarithm of all lines against those that have it."""
    counts = np.zeros(BUCKETS)
    for buckets in of:
        counts[list(buckets)] += 1
    return np.log((len(of) + 1) / (counts + 1)).astype(np.float32)


def matrix(of: Sequence[set[int]], rarity: Array) -> Matrix:
    starts = np.cumsum([0, *map(len, of)])
    columns = np.fromiter((b for buckets in of for b in sorted(buckets)), np.int64, starts[-1])
    values = rarity[columns]
    lengths = np.sqrt(np.add.reduceat(values**2, starts[:-1]))
    return Matrix(columns, values / np.repeat(np.maximum(lengths, 1e-6), np.diff(starts)), starts)


def scores(x: Matrix, rows: Array, model: Model) -> Array:
    """[row, category]"""
    return np.stack([_row(x, r) @ model.weights[_columns(x, r)] for r in rows]) + model.biases


def train(x: Matrix, rows: Array, shown: Array, weight: Array, seed: int = 1) -> Model:
    """Stochastic gradient descent with Adagrad steps."""
    chance = np.random.default_rng(seed)
    model = Model(np.zeros((BUCKETS, shown.shape[1]), np.float32), np.full(shown.shape[1], -2.0, np.float32))
    steps, bias_steps = np.full_like(model.weights, 1e-6), np.full_like(model.biases, 1e-6)
    for epoch in range(EPOCHS):
        rate = RATE * (1.05 - epoch / EPOCHS)
        order = chance.permutation(rows)
        for batch in np.array_split(order, math.ceil(len(order) / BATCH)):
            wrong = (1 / (1 + np.exp(-scores(x, batch, model))) - shown[batch]) * weight[batch]
            slope = np.zeros_like(model.weights)
            for error, r in zip(wrong, batch, strict=True):
                slope[_columns(x, r)] += np.outer(_row(x, r), error)
            slope += DECAY * len(batch) * model.weights
            steps += slope**2
            model.weights[:] -= rate * slope / np.sqrt(steps)
            slope_of_bias = wrong.sum(0)
            bias_steps += slope_of_bias**2
            model.biases[:] -= rate / 10 * slope_of_bias / np.sqrt(bias_steps)
    return model


def _columns(x: Matrix, r: int) -> Array:
    return x.columns[x.starts[r] : x.starts[r + 1]]


def _row(x: Matrix, r: int) -> Array:
    return x.values[x.starts[r] : x.starts[r + 1]]


def thresholds(of: Sequence[Line], categories: Sequence[str], unseen: Array) -> list[float]:
    """Of each category the least score at which no more lines than allowed are taken for it."""
    neutral = np.array([line.category is None for line in of])
    answered = np.array([line.category == ANSWERED for line in of])
    found = []
    for j, category in enumerate(categories):
        hard = np.array([line.category == category and not line.shows for line in of])
        at = [
            _least(unseen[neutral, j], ALLOWED.get(category, ALLOWED_USUALLY)),
            _least(unseen[hard, j], ALLOWED_OF_HARD.get(category, ALLOWED_OF_HARD_USUALLY)),
            _least(unseen[answered, j], ALLOWED_OF_ANSWERED),
        ]
        found.append(max(at))
        wanted = np.array([line.category == category and line.shows for line in of])
        print(
            f"{category:24} heard {np.mean(unseen[wanted, j] >= found[-1]):.3f} of {wanted.sum():4}"
            f"  hard {np.mean(unseen[hard, j] >= found[-1]):.3f} of {hard.sum():4}"
            f"  everyday {np.mean(unseen[neutral, j] >= found[-1]):.4f} of {neutral.sum()}"
        )
    return found


def _least(these: Array, share: float) -> float:
    ranked = np.sort(these)[::-1]
    return float(ranked[min(int(share * len(ranked)), len(ranked) - 1)]) + 1e-4


def document(
    model: Model,
    rarity: Array,
    categories: Sequence[str],
    at: Sequence[float],
    on: str,
) -> str:
    """The file as it is kept: the rarity is multiplied in, and each category has a scale of its own."""
    folded = model.weights * rarity[:, None]
    scales = np.maximum(np.quantile(np.abs(folded), 0.9999, axis=0) / 127, 1e-9)
    small = np.clip(np.rint(folded / scales), -127, 127).astype(np.int16) + 128
    rarity_scale = float((rarity**2).max() / 255)
    last = np.rint(rarity**2 / rarity_scale).astype(np.int16)
    packed = np.hstack([small, last[:, None]]).astype(np.uint8).tobytes()
    text = base64.b64encode(zlib.compress(packed, 9)).decode()
    return json.dumps(
        {
            "format": FORMAT,
            "trained_on": on,
            "buckets": BUCKETS,
            "rarity_scale": rarity_scale,
            "categories": [
                {
                    "id": category,
                    "bias": round(float(model.biases[j]), 5),
                    "scale": float(scales[j]),
                    "threshold": round(at[j], 4),
                }
                for j, category in enumerate(categories)
            ],
            "weights": [text[i : i + WRAPPED] for i in range(0, len(text), WRAPPED)],
        },
        indent=1,
    )


def trained() -> str:
    """The classifier as a document, with the figures of the five folds printed on the way."""
    of = lines()
    held = [{b for _, b in pieces(words_of(normalise(line.text).text), BUCKETS)} or {0} for line in of]
    rarity = rarities(held)
    x = matrix(held, rarity)
    shown, weight = targets(of, JUDGED)
    fold = np.array([int(hashlib.sha256(line.text.encode()).hexdigest(), 16) % FOLDS for line in of])
    unseen = np.zeros_like(shown)
    for n in range(FOLDS):
        model = train(x, np.flatnonzero(fold != n), shown, weight)
        unseen[fold == n] = scores(x, np.flatnonzero(fold == n), model)
    at = thresholds(of, JUDGED, unseen)
    return document(train(x, np.arange(len(of)), shown, weight), rarity, JUDGED, at, digest(of))
