"""What a check comes to: a bundle for each tenant without errors, and every fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from compiler.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """One tenant's bundle. `diagnostics` are warnings: an error leaves no bundle. `files` names what it is made from, by digests.

    `named` is its digest and size where they are known already.
    """

    tenant: str
    unapproved: bool
    diagnostics: tuple[Diagnostic, ...]
    files: str
    named: tuple[str, int] | None
    held: bytes | Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def bundle(self) -> bytes:
        """The bytes. One that was not kept is compiled again; raises CompileFailed when the files are others by now."""
        return self.held if isinstance(self.held, bytes) else self.held()

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of the bundle. Raises as `bundle` does where it was not made yet."""
        if self.named is not None:
            return self.named[0]
        from schemas.bundle import digest_of

        return digest_of(self.bundle)

    @property
    def size(self) -> int:
        """Of the bundle, in bytes. Raises as `bundle` does where it was not made yet."""
        return self.named[1] if self.named is not None else len(self.bundle)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Every fault of every tenant looked at. `tenants[slug]` is None for one with errors.

    `sources` is the text of every file that a diagnostic points into.
    """

    root: Path
    diagnostics: tuple[Diagnostic, ...]
    tenants: Mapping[str, Compiled | None]
    sources: Mapping[str, str] = field(repr=False)

    @property
    def errors(self) -> int:
        return sum(d.is_error for d in self.diagnostics)

    @property
    def warnings(self) -> int:
        return len(self.diagnostics) - self.errors

    @property
    def ok(self) -> bool:
        return self.errors == 0


class CompileFailed(Exception):
    """The tenant has errors; `diagnostics` says which."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        errors = [d for d in diagnostics if d.is_error]
        lines = [f"{d.span.file}:{d.span.line}: {d.code}: {d.message}" for d in errors]
        super().__init__("\n".join(["the tenant has errors", *lines]))
        self.diagnostics = diagnostics
