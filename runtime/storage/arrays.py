"""Rows as one Postgres array per column, written in its binary form at once: a webhook's rows are many small values."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

NULL = b"\xff\xff\xff\xff"
UUID_LENGTH = b"\x00\x00\x00\x10"
_TRUE, _FALSE = b"\x00\x00\x00\x01\x01", b"\x00\x00\x00\x01\x00"  # with their length
_LENGTH = struct.Struct("!i")
_INT4 = struct.Struct("!ii")  # with its length
_INT8 = struct.Struct("!iq")
_HEAD = struct.Struct(
    "!iiIii"
)  # dimensions, whether nulls may follow, type of the elements, how many, number of the first
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY_ZERO = _EPOCH.date().toordinal()

Encoder = Callable[[Any], bytes]


class BinaryArray:
    """An array as Postgres reads it. Its placeholder must be cast to the array's type."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class _BinaryArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: BinaryArray) -> bytes:
        return obj.data


psycopg.adapters.register_dumper(BinaryArray, _BinaryArrayDumper)


def columns(kind: type[tuple[Any, ...]], rows: Sequence[tuple[Any, ...]]) -> list[BinaryArray]:
    """One array per field of the NamedTuple `kind`, empty ones when there are no rows.

    int is int4, bool bool, str text, bytes bytea, UUID uuid, date date, datetime (aware) timestamptz. Raises ValueError for
    half of a surrogate pair, psycopg.DataError for a NUL and struct.error for an int that is too large.
    """
    types = _types(kind)
    if not rows:
        return [BinaryArray(_HEAD.pack(1, 0, oid, 0, 1)) for oid, _ in types]
    made = []
    for (oid, encoded), values in zip(types, zip(*rows, strict=True), strict=True):
        elements = [NULL if value is None else encoded(value) for value in values]
        made.append(BinaryArray(_HEAD.pack(1, NULL in elements, oid, len(elements), 1) + b"".join(elements)))
    return made


@cache
def _types(kind: type[tuple[Any, ...]]) -> tuple[tuple[int, Encoder], ...]:
    """Element type and encoder of each field."""
    return tuple(_ENCODERS[_bare(hint)] for hint in get_type_hints(kind).values())


def _bare(hint: Any) -> Any:
    """`str` of `str | None`."""
    return next((part for part in get_args(hint) if part is not NoneType), hint)


def _text(value: str) -> bytes:
    if "\0" in value:
        raise psycopg.DataError("Postgres text cannot hold a NUL")
    return _bytea(value.encode())


def _bytea(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


def _uuid(value: UUID) -> bytes:
    return UUID_LENGTH + value.bytes


def _int4(value: int) -> bytes:
    return _INT4.pack(4, value)


def _bool(value: bool) -> bytes:
    return _TRUE if value else _FALSE


def _date(value: date) -> bytes:
    return _INT4.pack(4, value.toordinal() - _DAY_ZERO)


def _timestamptz(value: datetime) -> bytes:
    since = value - _EPOCH
    return _INT8.pack(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


_ENCODERS: dict[Any, tuple[int, Encoder]] = {
    int: (23, _int4),
    bool: (16, _bool),
    str: (25, _text),
    bytes: (17, _bytea),
    UUID: (2950, _uuid),
    date: (1082, _date),
    datetime: (1184, _timestamptz),
}
