"""The terminal: one console for what people read, one for errors."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.text import Text

from qwen3_vl_webui.cli.texts import language, say
from qwen3_vl_webui.errors import WebUIError


def out() -> Console:
    return Console(highlight=False, soft_wrap=True)


def err() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def clean(text: str) -> str:
    """A model's text without the control characters that a terminal would obey."""
    return "".join(char for char in text if char in "\n\t" or not (ord(char) < 32 or 127 <= ord(char) < 160))


def print_error(error: WebUIError) -> None:
    """One red line in the user's language."""
    err().print(Text(say("error", message=error.message(language())), style="bold red"))


def download_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=err(),
    )
