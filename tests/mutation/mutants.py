"""Mutants of a module: one statement that reports or hands on something, taken out in memory.

A mutated function is put in place by its code object, so that whoever imported the function runs the mutant as well.
"""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

ADDERS = ("append", "extend")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`function` of `module` without the statement at `line`."""

    module: ModuleType
    function: str
    line: int
    text: str
    code: CodeType

    @property
    def name(self) -> str:
        return f"{self.module.__name__}:{self.line}: {self.text}"


def mutants(module: ModuleType) -> Iterator[Mutant]:
    """One for each `yield`, `yield from`, `x.append(...)`, `x.extend(...)` and `x += ...` of its top-level functions."""
    source = inspect.getsource(module)
    tree = ast.parse(source)
    for place, function in enumerate(tree.body):
        if isinstance(function, ast.FunctionDef):
            for site in range(len(_sites(function))):
                changed = copy.deepcopy(tree)
                mutated = changed.body[place]
                assert isinstance(mutated, ast.FunctionDef)
                statement = _sites(mutated)[site]
                text = (ast.get_source_segment(source, statement) or "").split("\n")[0]
                _Out(statement).visit(mutated)
                ast.fix_missing_locations(changed)
                code = _code_of(compile(changed, str(module.__file__), "exec"), function.name)
                yield Mutant(
                    module=module, function=function.name, line=statement.lineno, text=text, code=code
                )


@contextmanager
def in_place(mutant: Mutant) -> Iterator[None]:
    """Run the mutant instead of the function, with nothing remembered from before, and nothing left behind."""
    function = inspect.unwrap(vars(mutant.module)[mutant.function])
    assert isinstance(function, FunctionType)
    before = function.__code__
    forget(mutant.module)
    function.__code__ = mutant.code
    try:
        yield
    finally:
        function.__code__ = before
        forget(mutant.module)


def forget(module: ModuleType) -> None:
    """Empty every cache of a module's functions."""
    for held in vars(module).values():
        if hasattr(held, "cache_clear"):
            held.cache_clear()


def _sites(function: ast.FunctionDef) -> list[ast.stmt]:
    return [node for node in ast.walk(function) if isinstance(node, ast.stmt) and _reports(node)]


def _reports(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=attr))):
            return attr in ADDERS
        case ast.AugAssign(op=ast.Add()):
            return True
        case _:
            return False


class _Out(ast.NodeTransformer):
    """`yield x` -> `while False: yield x`, so that a generator stays one."""

    def __init__(self, statement: ast.stmt) -> None:
        self.statement = statement

    def visit(self, node: ast.AST) -> Any:
        if node is self.statement:
            return ast.While(test=ast.Constant(value=False), body=[node], orelse=[])
        return self.generic_visit(node)


def _code_of(module: CodeType, name: str) -> CodeType:
    return next(held for held in module.co_consts if isinstance(held, CodeType) and held.co_name == name)
