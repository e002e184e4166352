"""The commands, and the edge at which an error becomes one line and an exit code.

Exit codes: 0 done, 1 the program failed (no weights, no engine, no disk), 2 the user's input is wrong, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from qwen3_vl_webui.cli.ask import ask
from qwen3_vl_webui.cli.chat import chat
from qwen3_vl_webui.cli.console import out, print_error
from qwen3_vl_webui.cli.doctor import doctor
from qwen3_vl_webui.cli.download import download
from qwen3_vl_webui.cli.serve import serve
from qwen3_vl_webui.cli.texts import language
from qwen3_vl_webui.errors import ConfigError, InvalidRequest, NotFound, WebUIError

EPILOG = "Every setting can also be a variable (QWEN3VL_PORT for --port) or a key of a TOML file (--config)."

app = typer.Typer(
    help="Qwen3-VL on one machine: a web page, an OpenAI-compatible API and a command line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (serve, chat, ask, download, doctor):
    app.command(epilog=EPILOG)(_command)


@app.command()
def version() -> None:
    """Print the version."""
    from qwen3_vl_webui import __version__

    out().print(__version__)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit."""
    command = typer.main.get_command(app)
    if language() == "zh":
        from qwen3_vl_webui.cli.chinese import in_chinese

        in_chinese(command)
    try:
        command(args=None if arguments is None else list(arguments))
    except WebUIError as error:
        print_error(error)
        sys.exit(2 if isinstance(error, ConfigError | InvalidRequest | NotFound) else 1)
