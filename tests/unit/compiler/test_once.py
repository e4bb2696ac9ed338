"""What is worked out once is the same as what is worked out for each tenant by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compiler.pipeline import check
from compiler.source.once import once
from tests.compiling import TODAY, copy_tenant, lay_out, sources


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Something that things can be kept with."""

    items: tuple[int, ...]
    kept: dict[Any, Any] = field(default_factory=dict)


asked: list[tuple[int, ...]] = []


@once
def twice(shelf: Shelf, plus: int = 0) -> Iterator[int]:
    asked.append(shelf.items)
    yield from (2 * item + plus for item in shelf.items)


def test_it_is_found_once_for_each_value_and_each_question() -> None:
    asked.clear()
    one, other = Shelf(items=(1, 2)), Shelf(items=(3,))

    found = [twice(one), twice(one), twice(one, 1), twice(other), twice(one)]

    assert found == [(2, 4), (2, 4), (3, 5), (6,), (2, 4)]
    assert asked == [(1, 2), (1, 2), (3,)]


def test_what_has_nowhere_to_keep_it_is_asked_each_time() -> None:
    @once
    def length(text: str) -> Iterator[int]:
        yield len(text)

    assert (length("abc"), length("ab")) == ((3,), (2,))


def test_tenants_share_what_follows_from_the_packs_they_both_take(tmp_path: Path) -> None:
    lay_out(tmp_path / "tenants")
    copy_tenant(tmp_path / "tenants", "plain", "other")

    found = sources(tmp_path / "tenants")

    assert found["plain"].packs is found["other"].packs
    assert found["plain"].kept is not found["other"].kept


def test_each_tenant_is_told_the_same_in_a_folder_of_many_as_alone(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    for slug in ("other", "third"):
        copy_tenant(root, "plain", slug)
        (root / slug / "approvals.yaml").unlink()
    phrases = root / "other" / "persona.yaml"
    phrases.write_text(phrases.read_text().replace("[Thanks for asking.]", "[You get £5 from evil.example]"))

    together = check(root, today=TODAY)

    assert {"CV5006", "CV5025"} <= {
        d.code for d in together.diagnostics if d.span.file == "other/persona.yaml"
    }
    for slug in ("other", "plain", "third"):
        alone = check(root, today=TODAY, only=[slug])
        mine = [d for d in together.diagnostics if d.span.file.startswith(f"{slug}/") and d.code < "CV5009"]
        assert mine == [
            d for d in alone.diagnostics if d.span.file.startswith(f"{slug}/") and d.code < "CV5009"
        ]
