"""The command line: serve, chat, ask, download, doctor, version."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point; what it needs is imported when it is called."""
    try:
        from qwen3_vl_webui.cli.app import run

        run()
    except KeyboardInterrupt:  # while importing, too
        sys.exit(130)
