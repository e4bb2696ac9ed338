"""`python -m runtime web|worker|sender`: one process, as the supervisor starts it, without the command line's weight."""

from __future__ import annotations

import argparse
import os
import sys

from runtime import app
from runtime.errors import ConvoError
from runtime.settings import Settings, SettingsError


def main() -> int:
    """Exit code 2 when the settings do not allow a start."""
    parser = argparse.ArgumentParser(prog="python -m runtime")
    parser.add_argument("process", choices=("web", "worker", "sender"))
    parser.add_argument("--fd", type=int, help="web: an open listening socket")
    given = parser.parse_args()
    try:
        settings = Settings.from_env(os.environ)
        match given.process:
            case "web":
                return app.web(settings, fd=given.fd)
            case "worker":
                return app.worker(settings)
            case _:
                return app.sender(settings)
    except (SettingsError, ConvoError) as error:
        print(f"convo: {error}", file=sys.stderr)  # noqa: T201  (whoever starts us by hand reads it)
        return 2


if __name__ == "__main__":
    sys.exit(main())
