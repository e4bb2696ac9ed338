"""The packs a new tenant can take: those of the repository, else those that came with this installation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from compiler.source.files import Parsed
from compiler.source.parse import parse

ALL = "all"
PACKS = "_packs"
IN_WHEEL = Path(__file__).parents[2] / "convo_packs"
IN_CHECKOUT = Path(__file__).parents[2] / "tenants" / PACKS
_CLAIM = re.compile(r"^- id: ([A-Z][A-Z0-9]*)-", re.MULTILINE)


class PackGone(ValueError):
    """A pack that cannot be read; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a pack demands that people are told. Of two packs with the same duty the sources add up."""

    id: str
    says: str
    when: str
    sources: tuple[str, ...]


def shipped() -> Path:
    """The folder of packs that came with this installation."""
    return IN_WHEEL if IN_WHEEL.is_dir() else IN_CHECKOUT


def pack_names(tenants: Path) -> frozenset[str]:
    """Every pack there is to choose from."""
    folders = (tenants / PACKS, shipped())
    return frozenset(path.parent.name for folder in folders for path in folder.glob("*/pack.yaml"))


def pack_folder(tenants: Path, name: str) -> Path:
    """Where a pack's files are: the repository's own before the installation's."""
    own = tenants / PACKS / name
    return own if own.is_dir() else shipped() / name


def duties_of(folders: Iterable[Path]) -> Iterator[Duty]:
    """Each duty once, in the order of the packs. Raises PackGone."""
    found: dict[str, Duty] = {}
    for folder in folders:
        for raw in _pack(folder)["duties"]:
            known = found.get(raw["id"])
            sources = (*(known.sources if known else ()), *raw["source"])
            found[raw["id"]] = Duty(
                id=raw["id"],
                says=known.says if known else raw["says"].strip(),
                when=known.when if known else raw["when"],
                sources=tuple(sorted(dict.fromkeys(sources))),
            )
    yield from found.values()


def prefixes_in(folders: Iterable[Path]) -> frozenset[str]:
    """The prefixes of claim ids that the packs use themselves."""
    texts = (path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("claims/*.yaml"))
    return frozenset(prefix for text in texts for prefix in _CLAIM.findall(text))


def _pack(folder: Path) -> dict[str, list[dict[str, str]]]:
    path = folder / "pack.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackGone(f"the pack `{folder.name}` cannot be read: {error}") from None
    data = parse(Parsed(f"{PACKS}/{folder.name}/pack.yaml", "pack", text=text)).data
    duties = data.get("duties") if isinstance(data, dict) else None
    wanted = {"id", "says", "when", "source"}
    if not isinstance(duties, list) or not all(isinstance(d, dict) and wanted <= d.keys() for d in duties):
        raise PackGone(f"the pack `{folder.name}` has faults: run `convo compile --check`")
    assert isinstance(data, dict)
    return data
