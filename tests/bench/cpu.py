"""Processor seconds of processes, from /proc: all threads, user and system."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(*pids: int) -> float:
    """Of these processes together, those of theirs that ended not counted. One that has gone counts nothing."""
    return sum(sum(_fields(pid)[11:13]) for pid in pids) / _TICKS


def children_of(pid: int) -> tuple[int, ...]:
    """Its direct children."""
    every = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
    return tuple(each for each in every if parent_of(each) == pid)


def below(pid: int) -> tuple[int, ...]:
    """The process and everything that descends from it."""
    return (pid, *(each for child in children_of(pid) for each in below(child)))


def parent_of(pid: int) -> int:
    """The process that started it."""
    return _fields(pid)[1]


def _fields(pid: int) -> list[int]:
    """Of its stat, what follows its name: [state, parent, ...]; utime and stime are numbers 11 and 12 of them."""
    try:
        after = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2]
    except OSError:
        return [0] * 50
    return [0, *map(int, after.split()[1:])]
