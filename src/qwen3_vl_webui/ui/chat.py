"""The conversation's region and what happens in it: ask, watch, stop, try again, edit, delete."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import gradio as gr

from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.errors import InvalidRequest, Language, WebUIError
from qwen3_vl_webui.history.records import MediaRecord, MessageRecord
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.processing.messages import MediaPart, Message, Part, TextPart
from qwen3_vl_webui.processing.source import HEAD, Source, sniff
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.ui.answers import Answers
from qwen3_vl_webui.ui.examples import EXAMPLES
from qwen3_vl_webui.ui.markup import button, escape
from qwen3_vl_webui.ui.rendering import SHOWN_TURNS, ChatbotMessage, render_turns, was_refused
from qwen3_vl_webui.ui.settings import budget_of, sampling_of
from qwen3_vl_webui.ui.texts import say

TITLE_LENGTH = 60
LATEX = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
    {"left": "$", "right": "$", "display": False},
]


class ChatRegion:
    """Builds the region inside the current Blocks: a welcome with examples, and the conversation once there is one."""

    def __init__(self) -> None:
        self.welcome = gr.HTML("", elem_id="welcome", js_on_load=None)
        self.chatbot = gr.Chatbot(
            elem_id="chat",
            show_label=False,
            container=False,
            height=None,
            visible=False,
            layout="bubble",
            buttons=[],
            feedback_options=None,
            latex_delimiters=LATEX,  # type: ignore[arg-type]
            sanitize_html=True,
            allow_tags=False,
            autoscroll=True,
            scale=1,
        )

    @staticmethod
    def render_welcome(language: Language) -> str:
        cards = "".join(
            f'<div class="card"><img src="ui/examples/{example.name}.png" alt="" loading="lazy">'
            f"<span><b>{escape(say(f'example_{example.name}', language))}</b>"
            f"<small>{escape(say(f'example_{example.name}_prompt', language))}</small></span>"
            f"{button('example', example.name, say(f'example_{example.name}_prompt', language))}</div>"
            for example in EXAMPLES
        )
        return (
            f"<h1>{escape(say('welcome', language))}</h1><p>{escape(say('welcome_hint', language))}</p>"
            f'<div class="cards">{cards}</div>'
        )


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the user wants to send, before anything is stored."""

    text: str
    media: tuple[MediaRecord, ...]


class Chat:
    """The actions on conversations, free of Gradio's components."""

    def __init__(self, answers: Answers, history: HistoryStore) -> None:
        self.answers = answers
        self.history = history

    async def turns(self, conversation_id: str) -> tuple[MessageRecord, ...]:
        """As they are stored; an answer that has just ended as it is, whether that is stored already or not."""
        latest = self.answers.latest(conversation_id)
        turns = (await asyncio.to_thread(self.history.get_conversation, conversation_id)).messages
        if latest is None or latest.status == "streaming":
            return turns
        return tuple(latest.as_record() if turn.id == latest.record.id else turn for turn in turns)

    async def store_files(self, paths: Sequence[str]) -> tuple[MediaRecord, ...]:
        """Keep uploaded files by their hash. Raises the error of the first that is no picture or video, by its name."""
        stored = []
        for path in map(Path, paths):
            try:
                stored.append(await asyncio.to_thread(self.history.put_media, path, name=path.name))
            except InvalidRequest as error:
                error.field = path.name
                raise
        return tuple(stored)

    async def sift(self, paths: Sequence[str]) -> tuple[list[str], list[InvalidRequest]]:
        """Uploaded files that are pictures or videos by their first bytes, and the error of each other, by its name."""
        kept, wrong = [], []
        for path in map(Path, paths):
            try:
                sniff(await asyncio.to_thread(_head, path), field=path.name)
                kept.append(str(path))
            except InvalidRequest as error:
                wrong.append(error)
        return kept, wrong

    def lend(self, medium: MediaRecord, uploads: Path) -> str:
        """A stored medium under its own name in the folder of uploads, by a hard link where that works."""
        folder = uploads / "lent" / medium.hash
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / (Path(medium.name).name or medium.hash)
        if not target.exists():
            source = self.history.media_path(medium.hash)
            try:
                os.link(source, target)
            except OSError:  # another file system
                shutil.copyfile(source, target)
        return str(target)

    async def ask(
        self,
        question: Question,
        conversation_id: str,
        *,
        edition: Edition,
        values: Mapping[str, Any],
        replacing: str = "",
    ) -> str:
        """Store the question, in place of the turn `replacing` and all after it, and start the answer.

        Returns the conversation's id.
        """
        sampling_of(values)  # a wrong setting is said before anything is stored
        if not conversation_id:
            title = " ".join(question.text.split()) or (question.media[0].name if question.media else "")
            conversation_id = (await asyncio.to_thread(self.history.create_conversation, title[:TITLE_LENGTH])).id
        if replacing:
            await asyncio.to_thread(self.history.truncate_after, replacing, inclusive=True)
        await asyncio.to_thread(
            self.history.add_message, conversation_id, role="user", text=question.text, media=question.media
        )
        await self.answer(conversation_id, edition=edition, values=values)
        return conversation_id

    async def retry(self, conversation_id: str, turn_id: str, *, edition: Edition, values: Mapping[str, Any]) -> None:
        """Answer again: the turn (an answer, or a question without one) keeps its place, its answer is replaced."""
        turns = await self.turns(conversation_id)
        position = next((i for i, turn in enumerate(turns) if turn.id == turn_id), len(turns) - 1)
        while position >= 0 and turns[position].role != "user":
            position -= 1
        if position < 0:
            return
        await asyncio.to_thread(self.history.truncate_after, turns[position].id)
        await self.answer(conversation_id, edition=edition, values=values)

    async def answer(self, conversation_id: str, *, edition: Edition, values: Mapping[str, Any]) -> None:
        turns = await self.turns(conversation_id)
        names: dict[str, str] = {}
        request = ChatRequest(
            messages=await self._messages(turns, values, names),
            edition=edition,
            sampling=sampling_of(values),
            max_tokens=int(values["max_tokens"]),
        )
        await self.answers.start(conversation_id, request, names)

    async def delete(self, conversation_id: str, turn_id: str) -> bool:
        """Delete an answer, or a question with its answer; with the last the conversation goes: then it is False."""
        turns = await self.turns(conversation_id)
        position = next((i for i, turn in enumerate(turns) if turn.id == turn_id), None)
        if position is None:
            return True
        live = self.answers.running(conversation_id)
        doomed = [turns[position].id]
        if turns[position].role == "user":
            for turn in turns[position + 1 :]:
                if turn.role == "user":
                    break
                doomed.append(turn.id)
        if live is not None and live.record.id in doomed:
            await self.answers.stop(conversation_id)
        if len(doomed) == len(turns):
            await asyncio.to_thread(self.history.delete, conversation_id)
            return False
        for doomed_id in doomed:
            await asyncio.to_thread(self.history.delete_message, doomed_id)
        return True

    async def is_early(self, conversation_id: str, turn_id: str) -> bool:
        """Whether the turn is one of those that are shown on request alone."""
        return turn_id in {turn.id for turn in (await self.turns(conversation_id))[:-SHOWN_TURNS]}

    async def render(
        self, conversation_id: str, language: Language, *, all_turns: bool = False
    ) -> list[ChatbotMessage]:
        turns = await self.turns(conversation_id)
        return render_turns(turns, language, live=self.answers.running(conversation_id), all_turns=all_turns)

    async def _messages(
        self, turns: Sequence[MessageRecord], values: Mapping[str, Any], names: dict[str, str]
    ) -> tuple[Message, ...]:
        """`names` takes the name of each file, by the field that errors call it.

        A question that was refused is left out, or its file, or its length, would keep all later ones from being asked.
        """
        messages: list[Message] = []
        if prompt := str(values.get("system_prompt") or "").strip():
            messages.append(Message(role="system", parts=(TextPart(prompt),)))
        for turn, following in zip_longest(turns, turns[1:]):
            if following is not None and was_refused(following):
                continue
            if turn.role == "assistant":
                if turn.text:  # an answer that failed before its first word is no turn for the model
                    messages.append(Message(role="assistant", parts=(TextPart(turn.text),)))
                continue
            parts: list[Part] = [
                MediaPart(kind=medium.kind, source=await self._source(medium), budget=budget_of(values, medium.kind))
                for medium in turn.media
            ]
            if turn.text:
                parts.append(TextPart(turn.text))
            names |= {f"messages[{len(messages)}].parts[{j}]": medium.name for j, medium in enumerate(turn.media)}
            messages.append(Message(role=turn.role, parts=tuple(parts)))
        return tuple(messages)

    async def _source(self, medium: MediaRecord) -> Source:
        path = await asyncio.to_thread(self.history.media_path, medium.hash)
        return Source(sha256=medium.hash, size=path.stat().st_size, kind=medium.kind, mime=medium.mime, path=path)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def explain(error: WebUIError, language: Language) -> None:
    """Show an error that kept something from starting, in the page's language."""
    gr.Warning(escape(error.message(language)), duration=8)
