"""The people, read from people.yaml for one tenant; whatever is not known there is an error: no check is left out by a slip."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, cast, get_args

import yaml

from drills.plays.values import Expectation, Line, Part, Script, World

ANY = "any"
_LINE = {"say", "media", "times", "deliveries", "afterwards", "expect"}
_VARIANT = {"id", "at", "world", "script", "lines", "expect", "must"}
_PERSON = {"id", "name", "wants", "opening", "lines", "variants", "must"}


class PeopleUnreadable(ValueError):
    """people.yaml holds something no reader knows; the message says what and where."""


def parts_for(tenant: str, known: Collection[str]) -> tuple[Part, ...]:
    """Every person's main conversation and variants, in order. `known`: the names of all checks. Raises PeopleUnreadable."""
    document = _document()
    everywhere = _expectations(document["everywhere"], known, "everywhere")
    return tuple(part for person in document["people"] for part in _person(person, tenant, everywhere, known))


@cache
def _document() -> Mapping[str, Any]:
    text = (files("drills.plays") / "people.yaml").read_text(encoding="utf-8")
    return cast(Mapping[str, Any], yaml.safe_load(text))


def _person(
    person: Mapping[str, Any], tenant: str, everywhere: Sequence[Expectation], known: Collection[str]
) -> Iterator[Part]:
    _only(person, _PERSON, str(person.get("id")))
    name = person["id"]
    opening = Line(said=(_for(person["opening"], tenant),))
    lines = (opening, *(_line(line, tenant, known, name) for line in person["lines"]))
    must = (*_expectations(person["must"], known, name), *everywhere)
    yield Part(id=name, person=name, at="", world="plain", script="", lines=lines, must=must)
    for variant in person.get("variants", ()):
        where = variant["id"]
        _only(variant, _VARIANT, where)
        if "lines" in variant or "script" in variant:  # another conversation altogether
            own = tuple(_line(line, tenant, known, where) for line in variant.get("lines", ()))
            own_must = (*_expectations(variant["must"], known, where), *everywhere)
            yield _variant(variant, name, own, own_must, known=known)
        else:  # the person's own in another world
            yield _variant(variant, name, lines, must, known=known)


def _variant(
    variant: Mapping[str, Any],
    person: str,
    lines: tuple[Line, ...],
    must: tuple[Expectation, ...],
    *,
    known: Collection[str],
) -> Part:
    where = variant["id"]
    world, script = variant.get("world", "plain"), variant.get("script", "")
    if world not in get_args(World) or script not in get_args(Script):
        raise PeopleUnreadable(f"{where}: no world or script of that name")
    return Part(
        id=where,
        person=person,
        at=str(variant.get("at", "")),
        world=cast(World, world),
        script=cast(Script, script),
        lines=lines,
        must=(*must, *_expectations(variant.get("expect", ()), known, where)),
    )


def _line(line: Mapping[str, Any], tenant: str, known: Collection[str], where: str) -> Line:
    _only(line, _LINE, where)
    if line.get("afterwards", "") not in ("", "human_back"):
        raise PeopleUnreadable(f"{where}: nothing of that name happens afterwards")
    said = _for(line.get("say", ""), tenant)
    return Line(
        said=tuple(said) if isinstance(said, list) else (said,),
        media=line.get("media", ""),
        times=line.get("times", 1),
        deliveries=line.get("deliveries", 1),
        afterwards=line.get("afterwards", ""),
        expect=_expectations(line.get("expect", ()), known, where),
    )


def _expectations(
    rows: Sequence[Mapping[str, Any]], known: Collection[str], where: str
) -> tuple[Expectation, ...]:
    for row in rows:
        if row["check"] not in known:
            raise PeopleUnreadable(f"{where}: no check is called {row['check']}")
    return tuple(
        Expectation(check=row["check"], given={k: v for k, v in row.items() if k != "check"}) for row in rows
    )


def _for(words: Any, tenant: str) -> Any:
    return words.get(tenant, words[ANY]) if isinstance(words, dict) else words


def _only(row: Mapping[str, Any], names: Collection[str], where: str) -> None:
    if unknown := sorted(set(row) - set(names)):
        raise PeopleUnreadable(f"{where}: nothing reads {', '.join(unknown)}")
