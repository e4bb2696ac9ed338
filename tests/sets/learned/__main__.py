"""`python -m tests.sets.learned`: trains the classifier and prints what it would add to the rules, per frozen set and part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.fold import WHOLE, normalise
from tests.sets.learned.classifier import Classifier, classifier_from
from tests.sets.learned.train import trained
from tests.sets.measure import PARTS, Line, category_of, lines, seen_by_all, seen_by_any

FILES = ("signals-people", "signals-requests", "injection")


def main() -> None:
    model = classifier_from(trained().encode())
    print(f"\n{'set':28} part   recall: rules  both   alarms: rules  both   on benign: rules  both")
    held = [line for file in FILES for line in lines(file)]
    for part in PARTS:
        benign = [line.text for line in lines("benign") if line.part == part]
        for name in sorted({line.set for line in held}):
            _row(model, name, part, [line for line in held if (line.set, line.part) == (name, part)], benign)
        any_rule = _share(bool(seen_by_any(text)) for text in benign)
        both = _share(bool(seen_by_any(text)) or bool(_heard(model, text)) for text in benign)
        print(f"{'benign, any signal or stop':28} {part:5} {'':40} {any_rule} {both}")


def _row(model: Classifier, name: str, part: str, of: Sequence[Line], benign: Sequence[str]) -> None:
    category = category_of(name)
    if category not in model.categories:
        return
    wanted, other = [x.text for x in of if x.wanted], [x.text for x in of if not x.wanted]
    cells = [
        _share(category in seen_by_all(text) for text in wanted),
        _share(category in seen_by_all(text) or category in _heard(model, text) for text in wanted),
        _share(category in seen_by_any(text) for text in other),
        _share(category in seen_by_any(text) or category in _heard(model, text) for text in other),
        _share(category in seen_by_any(text) for text in benign),
        _share(category in seen_by_any(text) or category in _heard(model, text) for text in benign),
    ]
    print(f"{name:28} {part:5} {cells[0]:>13} {cells[1]} {cells[2]:>14} {cells[3]} {cells[4]:>17} {cells[5]}")


def _heard(model: Classifier, text: str) -> set[str]:
    views = [view for view in normalise(text).views if view.kind != WHOLE]
    return {like.category for view in views for like in model.heard(view.text)}


def _share(these: Iterable[bool]) -> str:
    found = list(these)
    return f"{sum(found) / len(found):.3f}" if found else "-    "


if __name__ == "__main__":
    main()
