"""`chat`: a conversation in the terminal, pictures and videos by path. Reasoning is dim; Ctrl-C stops an answer."""

from __future__ import annotations

import contextlib
import shlex
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.console import Console
from rich.text import Text

from qwen3_vl_webui.cli.console import clean, err, out, print_error
from qwen3_vl_webui.cli.options import with_settings
from qwen3_vl_webui.cli.prepare import prepare, quiet
from qwen3_vl_webui.cli.texts import say
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.errors import InvalidRequest, TooLarge, WebUIError

if TYPE_CHECKING:
    from qwen3_vl_webui.cli.talk import Loop, MediaFile, Talker, Turn

Url = Annotated[
    str | None, typer.Option(help="Talk to this running server instead of loading a model", show_default=False)
]
MaxTokens = Annotated[int | None, typer.Option(help="Longest answer (tokens)", min=1, show_default=False)]


@with_settings(("model", "engine"), also=("data", "api_key", "log_level"), unless="url")
def chat(
    settings: Settings,
    files: Annotated[list[str] | None, typer.Argument(help="Pictures and videos for the first question")] = None,
    edition: Annotated[Edition, typer.Option(help="Which edition answers")] = "instruct",
    url: Url = None,
    max_tokens: MaxTokens = None,
) -> None:
    """Chat in the terminal."""
    from qwen3_vl_webui.cli.talk import media_file, open_talker

    attached = [media_file(name) for name in files or ()]
    settings = quiet(settings)
    resolved = None if url is not None else prepare(settings, err())
    with open_talker(settings, resolved, url) as (loop, talker):
        console = out()
        console.print(Text(say("chat_hello", name=talker.name), style="bold"))
        _Session(console, loop, talker, edition, max_tokens, attached).run()


class _Session:
    """The turns so far, and what the next question carries."""

    def __init__(
        self,
        console: Console,
        loop: Loop,
        talker: Talker,
        edition: Edition,
        max_tokens: int | None,
        attached: list[MediaFile],
    ) -> None:
        self.console = console
        self.loop = loop
        self.talker = talker
        self.edition: Edition = edition
        self.max_tokens = max_tokens
        self.attached = attached
        self.turns: list[Turn] = []

    def run(self) -> None:
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  lines can be edited and recalled
        while True:
            try:
                line = self.console.input("[bold cyan]> [/]").strip()
            except (EOFError, KeyboardInterrupt):
                self.console.print()
                return
            if not line:
                continue
            try:
                if not line.startswith("/"):
                    self.ask(line)
                elif not self.command(line):
                    return
            except WebUIError as error:
                print_error(error)

    def command(self, line: str) -> bool:
        """False: leave."""
        from qwen3_vl_webui.cli.talk import media_file

        word, _, rest = line.partition(" ")
        match word:
            case "/quit" | "/exit":
                return False
            case "/clear":
                self.turns, self.attached = [], []
                self.console.print(say("chat_cleared"))
            case "/image" | "/video" if rest.strip():
                try:
                    names = shlex.split(rest)
                except ValueError:  # a lone quote is part of the name
                    names = [rest.strip()]
                for file in [media_file(name) for name in names]:
                    self.attached.append(file)
                    self.console.print(Text(say("chat_attached", name=file.name), style="dim"))
            case "/edition" if rest.strip() in get_args(Edition):
                self.edition = "thinking" if rest.strip() == "thinking" else "instruct"
                self.console.print(say("chat_edition", edition=self.edition))
            case "/help" | "/image" | "/video" | "/edition":  # the last three without what they need
                self.console.print(Text(say("chat_help")))
            case _:
                self.console.print(say("chat_unknown"))
        return True

    def ask(self, question: str) -> None:
        from qwen3_vl_webui.cli.talk import Turn

        turns = [*self.turns, Turn(role="user", text=question, media=tuple(self.attached))]
        said: list[str] = []
        try:
            self.loop.run(self.answer(turns, said))
        except KeyboardInterrupt:
            self.console.print(Text(say("chat_stopped"), style="yellow"))
        except (InvalidRequest, TooLarge):  # it would be refused again and again
            if self.attached:
                self.attached = []
                self.console.print(Text(say("chat_detached"), style="yellow"))
            raise
        self.turns = [*turns, Turn(role="assistant", text="".join(said))]
        self.attached = []

    async def answer(self, turns: list[Turn], said: list[str]) -> None:
        async for piece in self.talker.answer(turns, self.edition, self.max_tokens):
            match piece.kind:
                case "text":
                    if not said:
                        self.console.print()
                    said.append(piece.text)
                    self.console.print(Text(clean(piece.text)), end="")
                case "reasoning":
                    self.console.print(Text(clean(piece.text), style="dim italic"), end="")
                case "loading":
                    if self.console.is_terminal:
                        self.console.print(Text(f"{say('loading')} {piece.text}   ", style="dim"), end="\r")
                case "done" if piece.usage:
                    rest = piece.usage["total"] - piece.usage["first_token"]
                    figures = say(
                        "usage",
                        prompt=piece.usage["prompt_tokens"],
                        completion=piece.usage["completion_tokens"],
                        first=piece.usage["first_token"],
                        speed=(piece.usage["completion_tokens"] - 1) / rest if rest > 0 else 0,
                    )
                    self.console.print(Text(f"\n{figures}", style="dim"))
                    if piece.finish_reason == "length":
                        self.console.print(Text(say("cut_off"), style="yellow"))
