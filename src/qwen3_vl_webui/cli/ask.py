"""`ask`: one question about files, one answer on standard output."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer
from rich.text import Text

from qwen3_vl_webui.cli.chat import MaxTokens, Url
from qwen3_vl_webui.cli.console import clean, err, out
from qwen3_vl_webui.cli.options import with_settings
from qwen3_vl_webui.cli.prepare import prepare, quiet
from qwen3_vl_webui.cli.texts import say
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.errors import InvalidRequest
from qwen3_vl_webui.errors import words as because


@with_settings(("model", "engine"), also=("data", "api_key", "log_level"), unless="url")
def ask(
    words: Annotated[
        list[str], typer.Argument(metavar="[FILE]... QUESTION", help="Pictures and videos, then the question")
    ],
    settings: Settings,
    edition: Annotated[Edition, typer.Option(help="Which edition answers")] = "instruct",
    url: Url = None,
    max_tokens: MaxTokens = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print answer, reasoning, finish reason and usage as JSON")
    ] = False,
) -> None:
    """Ask one question, with pictures or videos if wanted. The answer streams to standard output."""
    from qwen3_vl_webui.cli.talk import Talker, Turn, media_file, open_talker

    *files, question = words
    if not files and not question.strip():
        raise InvalidRequest("field_invalid", field="QUESTION", reason=because("empty"))
    if os.path.exists(question):
        raise InvalidRequest("question_absent", field="question", path=question)
    for word in files:
        if not os.path.exists(word) and not {".", "/", "\\"} & set(word):
            raise InvalidRequest("question_unquoted", field="question", path=word)
    turn = Turn(role="user", text=question, media=tuple(media_file(name) for name in files))
    console, thoughts = out(), err()
    result: dict[str, object] = {
        "edition": edition, "answer": "", "reasoning": "", "finish_reason": None, "usage": None,
    }  # fmt: skip

    async def answer(talker: Talker) -> None:
        async for piece in talker.answer([turn], edition, max_tokens):
            if piece.kind == "done":
                result.update(finish_reason=piece.finish_reason, usage=piece.usage)
            elif piece.kind in ("text", "reasoning"):
                key = "answer" if piece.kind == "text" else "reasoning"
                result[key] = str(result[key]) + piece.text
                if not as_json:
                    shown = console if piece.kind == "text" else thoughts
                    shown.print(Text(clean(piece.text), style="" if piece.kind == "text" else "dim"), end="")

    settings = quiet(settings)
    resolved = None if url is not None else prepare(settings, err())
    with open_talker(settings, resolved, url) as (loop, talker):
        loop.run(answer(talker))
    if as_json:
        print(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        console.print()
        if result["finish_reason"] == "length":
            thoughts.print(Text(say("cut_off"), style="yellow"))
