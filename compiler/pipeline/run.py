"""One check, tenant after tenant: of each only what it came to is kept, and one that is in the cache is not compiled."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from compiler import load
from compiler.cache import Beside, Cache, Entry
from compiler.diagnostics import Diagnostic
from compiler.diagnostics.most import listed
from compiler.pipeline.result import Compiled
from compiler.source.context import Context
from compiler.source.neighbours import Facts, Neighbours

if TYPE_CHECKING:
    from compiler.pipeline.passes import Enrolments, Passes

# Bundles beyond this are made again when somebody asks for them, so that ten thousand tenants fit into memory.
KEPT_BUNDLES_BYTES = 64 << 20
TENANTS_BETWEEN_COLLECTIONS = 500  # where the collector is off: what Jinja2 leaves behind goes in circles
WHOLE = ""  # the faults of the organisations, among those of packs


class Run:
    """What all tenants share, and what is kept of each. `again` makes a tenant's bundle from the files so named."""

    def __init__(
        self,
        root: Path,
        context: Context,
        *,
        only: Iterable[str],
        authority: bool,
        cache: Cache | None,
        enrolments: Enrolments | None,
        bundles: bool,
        aside: bool,
        again: Callable[[str, str], bytes],
    ) -> None:
        self.root, self.context, self.authority, self.again = root, context, authority, again
        self.cache = cache if enrolments is None else None
        self.enrolments, self.bundles, self.aside = enrolments, bundles, aside
        self.seen = load.look(root, wanted=tuple(only))
        self.tree = self.seen.tree
        self.sources: dict[str, str] = {}
        self.taken: set[str] = set()
        self.room = KEPT_BUNDLES_BYTES
        self.compiled = 0

    @cached_property
    def passes(self) -> Passes:
        """The passes, with what tenants share gone through. Not asked for when everything is in the cache."""
        from compiler.pipeline.passes import Passes

        return Passes(
            self.seen.parsed(),
            self.context,
            authority=self.authority,
            enrolments=self.enrolments,
            aside=self.aside,
        )

    @cached_property
    def beside(self) -> Beside:
        """How the organisations stand, and the faults of no single tenant."""
        folders = [raw.folder for raw in self.seen.shared]
        key = self._key("", *(folder.digest for folder in folders), *sorted(self.tree.tenants))
        kept = self.cache.beside(key) if self.cache is not None and all(f.digest for f in folders) else None
        if kept is not None:
            return kept
        groups = self.passes.groups()
        faults = {name: listed(folder.faults()) for name, folder in self.tree.packs.items()}
        made = Beside(groups=groups, faults={WHOLE: listed(self.tree.organisations.faults()), **faults})
        if self.cache is not None and all(folder.digest for folder in folders):
            self.cache.put_beside(key, made)
        return made

    def tenant(self, slug: str, earlier: Neighbours) -> tuple[list[Diagnostic], Compiled | None]:
        """Everything about one tenant, from the cache where it is there."""
        raw = load.read_tenant(self.root, slug)
        entry, bundle = self._entry(slug, raw)
        found = [*entry.diagnostics]
        if earlier.clash(entry.facts):
            found += self.passes.compare(entry.facts, earlier)
        earlier.take(entry.facts)
        self._keep_texts(raw, found)
        self.taken.update(need.removeprefix("pack ") for need in entry.needs)
        return found, self._compiled(entry, bundle, raw.folder.digest)

    def facts(self, slug: str) -> Facts:
        """What its neighbours may ask of a tenant that is not looked at itself."""
        raw = load.read_tenant(self.root, slug)
        key = self._key(slug, raw.folder.digest, *self.tree.packs)
        kept = self.cache.get(key, self.standing) if self.cache is not None and raw.folder.digest else None
        return kept.facts if kept is not None else self.passes.facts(slug, raw)

    def standing(self, need: str) -> str:
        """What a tenant's result depends on outside its folder: a pack as it is, or an organisation's file."""
        kind, _, name = need.partition(" ")
        if kind == "pack":
            return self.tree.packs[name].digest if name in self.tree.packs else "absent"
        return self.beside.groups.get(name, "")

    def shared_faults(self, *, everything: bool) -> Iterator[Diagnostic]:
        """Faults of no single tenant: the folder, the organisations, and packs (when looking at all) nobody takes."""
        yield from self.tree.diagnostics
        for name, faults in self.beside.faults.items():
            if name == WHOLE or (everything and name not in self.taken):
                yield from faults

    def sources_of(self, diagnostics: Iterable[Diagnostic]) -> dict[str, str]:
        """The texts that were kept, those of packs and organisations, and those of neighbours that a label points into."""
        files = _files(diagnostics)
        for raw in self.seen.shared:
            self._keep_texts(raw, (), files)
        for file in files - set(self.sources):
            text = load.text_of(self.root, file)
            if text is not None:
                self.sources[file] = text
        return {file: text for file, text in self.sources.items() if file in files}

    def _entry(self, slug: str, raw: load.Raw) -> tuple[Entry, bytes | None]:
        cache = (
            self.cache if raw.folder.digest else None
        )  # a file that could not be read is never passed over
        key = self._key(slug, raw.folder.digest, *self.tree.packs)
        kept = cache.get(key, self.standing) if cache is not None else None
        if kept is not None and (kept.digest or not (kept.sound and self.bundles)):
            return kept, None
        self._collect()
        entry, bundle = self.passes.compile(
            slug, load.parsed(raw, alike=self.passes.alike), bundles=self.bundles
        )
        entry = replace(entry, needs={need: self.standing(need) for need in entry.needs})
        if cache is not None and all(entry.needs.values()):
            cache.put(key, entry)
        return entry, bundle

    def _key(self, *parts: str) -> str:
        if self.cache is None:
            return ""
        return self.cache.key(f"{self.context}", f"{self.authority}", *parts)

    def _collect(self) -> None:
        self.compiled += 1
        if self.compiled % TENANTS_BETWEEN_COLLECTIONS == 0 and not gc.isenabled():
            gc.collect(0)  # only what came since the last time: what was kept then is kept still

    def _compiled(self, entry: Entry, bundle: bytes | None, folder: str) -> Compiled | None:
        if not entry.sound:
            return None
        files = " ".join([folder, *(f"{need}={stood}" for need, stood in entry.needs.items())])
        if bundle is not None:
            self.room -= len(bundle)
        return Compiled(
            tenant=entry.tenant,
            unapproved=entry.unapproved,
            diagnostics=entry.diagnostics,
            files=files,
            named=(entry.digest, entry.size) if entry.digest else None,
            held=bundle if bundle is not None and self.room >= 0 else lambda: self.again(entry.tenant, files),
        )

    def _keep_texts(
        self, raw: load.Raw, diagnostics: Iterable[Diagnostic], files: Iterable[str] = ()
    ) -> None:
        wanted = _files(diagnostics) | set(files)
        if wanted:
            self.sources.update(
                {file: data.decode("utf-8", "replace") for file, data in raw.texts() if file in wanted}
            )


def _files(diagnostics: Iterable[Diagnostic]) -> set[str]:
    """Those in which a line is pointed at."""
    return {s.file for d in diagnostics for s in (d.span, *(each.span for each in d.labels)) if s.line}
