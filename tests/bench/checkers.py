"""The schema checkers the compiler is measured against, put into a folder that is thrown away, and schemas for them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import schemas

SCHEMAS = Path(schemas.__file__).parent / "tenant"
INSTALL_TIMEOUT_S = 180
ANYTHING = {"type": ["object", "array"]}


def ajv(folder: Path) -> Sequence[str] | None:
    """The command of ajv-cli, installed by npm. None where that cannot be done."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    ran = _quietly(["npm", "install", "--no-fund", "--no-audit", "--prefix", str(folder), "ajv-cli"])
    command = folder / "node_modules" / ".bin" / "ajv"
    if not ran or not command.exists():
        return None
    return [str(command), "validate", "--spec=draft2020", "--all-errors", "--strict=false"]


def yamale(folder: Path) -> Sequence[str] | None:
    """The command of yamale in one process, installed by pip. None where that cannot be done."""
    if not _quietly([sys.executable, "-m", "pip", "install", "--target", str(folder), "yamale"]):
        return None
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); from yamale.command_line import main; main()"
    return [sys.executable, "-c", program, "--cpu-num", "1"]


def together(kinds: Iterable[str]) -> Mapping[str, Any]:
    """Our schemas as one, for a file that holds a tenant's files under their names."""
    found = {kind: json.loads((SCHEMAS / f"{kind}.schema.json").read_bytes()) for kind in sorted(kinds)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": sorted(found),
        "additionalProperties": False,
        "properties": found,
    }


def as_yamale(schema: Mapping[str, Any]) -> str:
    """The same for yamale, a level deep: which keys there are, which must be, and whether they hold a list or mapping."""
    main, parts = [], []
    for kind, inner in schema["properties"].items():
        of_list = inner["type"] == "array"
        item = _resolved(inner, inner["items"]) if of_list else inner
        main.append(f"{kind}: " + (f"list(include('{kind}'))" if of_list else f"include('{kind}')"))
        parts.append(f"---\n{kind}:")
        for key, value in item["properties"].items():
            asked = {"array": "list", "object": "map", "integer": "int", "boolean": "bool"}
            type_ = asked.get(str(_resolved(inner, value).get("type")), "any")
            parts.append(f"  {key}: {type_}({'' if key in item.get('required', ()) else 'required=False'})")
    return "\n".join([*main, *parts]) + "\n"


def cpu(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None
) -> tuple[int, float, int]:
    """(exit code, user + system seconds, peak kilobytes) of a process and those it waited for."""
    started = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    return started.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss


def _resolved(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref")
    return root["$defs"][name.removeprefix("#/$defs/")] if name else schema


def _quietly(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=INSTALL_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
