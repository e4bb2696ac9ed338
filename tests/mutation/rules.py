"""`python -m tests.mutation.rules`: every rule, and every place in it that reports something, is missed when it is gone.

    --coarse       only take whole rules, and whole codes of the other passes, out
    --rule NAME    only this rule (its module's name), more than once if need be
    --passes       the link, approval and schema passes as well, statement by statement
    --list         name what was killed by which test, too

Exits with 1 when something can be taken out and no test turns red, or when a test is red to begin with.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import pkgutil
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

import compiler.pipeline
import compiler.rules
from compiler.diagnostics.codes import PASS_CODES
from tests.mutation.cases import EXAMPLES, Case, cases, modules
from tests.mutation.mutants import Mutant, in_place, mutants

_CODE = re.compile(r"CV\d{4}")
PASSES = ("compiler.link", "compiler.approvals", "compiler.validate")


def rule_modules() -> list[ModuleType]:
    """Every rule, of one tenant and across them."""
    held = vars(compiler.rules)
    return [rule for table in ("RULES", "ACROSS") for rule in held.get(table, ())]


def code_of(rule: ModuleType) -> str:
    return str(vars(rule)["CODE"].code)


# ---- whole rules and codes ------------------------------------------------------------------------------------------------


@contextmanager
def without_rule(rule: ModuleType) -> Iterator[None]:
    """The tables of rules without one of them."""
    held = vars(compiler.rules)
    before: dict[str, tuple[ModuleType, ...]] = {t: held[t] for t in ("RULES", "ACROSS") if t in held}
    held.update({table: tuple(r for r in rules if r is not rule) for table, rules in before.items()})
    try:
        yield
    finally:
        held.update(before)


@contextmanager
def without_code(code: str) -> Iterator[None]:
    """Every test that asks the compiler is not told of one code."""
    asked = compiler.pipeline.check

    def check(*args: object, **kwargs: object) -> compiler.pipeline.CheckResult:
        result = asked(*args, **kwargs)  # type: ignore[arg-type]
        left = tuple(d for d in result.diagnostics if d.code != code)
        return dataclasses.replace(result, diagnostics=left)

    asking = [importlib.import_module("tests.compiling"), *modules()]
    changed = [module for module in asking if vars(module).get("check") is asked]
    for module in changed:
        vars(module)["check"] = check
    try:
        yield
    finally:
        for module in changed:
            vars(module)["check"] = asked


def missed_by_none(known: Sequence[Case]) -> Iterator[str]:
    """Rules and codes that can be taken out without a test turning red."""
    for rule in rule_modules():
        with without_rule(rule):
            if _red(_about(known, code_of(rule))) is None:
                yield f"{rule.__name__} ({code_of(rule)})"
    for code in PASS_CODES:
        with without_code(code.code):
            if _red(_about(known, code.code)) is None:
                yield f"{code.code} {code.name}"


# ---- one statement at a time ----------------------------------------------------------------------------------------------


def survivors(rules: Iterable[ModuleType], known: Sequence[Case], *, named: bool = False) -> Iterator[Mutant]:
    """Mutants of these rules that no test notices."""
    for rule in rules:
        related = _about(known, code_of(rule)) if "CODE" in vars(rule) else []
        rest = [case for case in known if not _CODE.search(case.told) or "positive" in case.told]
        for mutant in mutants(rule):
            with in_place(mutant):
                killer = _red(related) or _red(rest)
            if killer is None:
                yield mutant
            elif named:
                sys.stdout.write(f"{mutant.name}\n    killed by {killer.name}\n")


def pass_modules() -> Iterator[ModuleType]:
    for name in PASSES:
        module = importlib.import_module(name)
        yield module
        for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
            yield importlib.import_module(f"{name}.{found.name}")


def _about(known: Sequence[Case], code: str) -> list[Case]:
    """The cases that name a code: first the examples that must fire it."""
    told = [case for case in known if code in case.told]
    return sorted(told, key=lambda case: (case.function.__module__ != EXAMPLES, "negative" not in case.told))


def _red(tried: Iterable[Case]) -> Case | None:
    return next((case for case in tried if not case.passes()), None)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation.rules", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--coarse", action="store_true")
    parser.add_argument("--passes", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--rule", action="append", default=[])
    given = parser.parse_args(argv)
    began = time.monotonic()
    known: list[Case] = []
    red: list[Case] = []
    for case in cases():
        (known if case.passes() else red).append(case)
    for case in red:
        sys.stdout.write(f"red to begin with: {case.name}\n")
    gone = [] if given.rule else list(missed_by_none(known))
    for name in gone:
        sys.stdout.write(f"can be taken out as a whole: {name}\n")
    looked = [r for r in rule_modules() if not given.rule or r.__name__.rsplit(".", 1)[1] in given.rule]
    looked += list(pass_modules()) if given.passes else []
    left = [] if given.coarse else list(survivors(looked, known, named=given.list))
    for mutant in left:
        sys.stdout.write(f"can be taken out: {mutant.name}\n")
    count = 0 if given.coarse else sum(1 for rule in looked for _ in mutants(rule))
    sys.stdout.write(
        f"{len(known)} tests, {len(looked)} modules, {count} statements: {len(gone)} modules or codes and {len(left)} "
        f"statements can be taken out unnoticed ({time.monotonic() - began:.0f} s)\n"
    )
    return 1 if red or gone or left else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
