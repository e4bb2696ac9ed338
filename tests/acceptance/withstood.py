"""`convo drill attack` where another thing is tested: says that the suite held, without playing it.

The packs of the test tenants have hardly a word in them, so that no tenant made of them could withstand the real suite;
what that plays is the subject of test_army.py. The command's own arguments are read, so that a line that misspells one fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from compiler.write import signing_key
from drills.army.attest import kept_at
from drills.played_bundle import bundle_to_play
from tests.drilled import result_of, signed

KEPT_IN = Path(".convo") / "drills"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", nargs=2)
    parser.add_argument("tenant", type=Path)
    parser.add_argument("--changed-since")
    parser.add_argument("--sign-key", type=Path)
    parser.add_argument("--today", type=date.fromisoformat)
    given = parser.parse_args(arguments)
    compiled = bundle_to_play(given.tenant, today=given.today)
    if given.sign_key is not None:
        KEPT_IN.mkdir(parents=True, exist_ok=True)
        result = result_of(compiled.bundle, at=datetime.now(UTC).isoformat())
        envelope = signed(result, signing_key(given.sign_key.read_bytes()))
        kept_at(KEPT_IN, compiled.tenant).write_bytes(envelope)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
