"""Answers being written, apart from any browser: a task for each reads the chat service and saves what came.

A page only watches. It may be closed, reloaded or turned to another conversation while its answer goes on, and several
pages may watch one answer. What arrived is saved at least once a second and at the end, whatever the end is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.errors import EngineFailure, InvalidRequest, NotFound, WebUIError
from qwen3_vl_webui.history.records import MessageRecord, Status
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.processing.messages import MediaPart
from qwen3_vl_webui.processing.source import Source
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.events import (
    Done,
    Finished,
    ReasoningDelta,
    SeenMedia,
    Started,
    TextDelta,
    Waiting,
)
from qwen3_vl_webui.server.service import ChatService

SAVE_EVERY = 0.8  # seconds; a crash loses less than one second
SHOW_EVERY = 0.08  # seconds between two updates of a page: each carries the whole text

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Answer:
    """One answer as it grows. Written by its task alone, read by the pages."""

    record: MessageRecord  # as it was stored when it began
    edition: Edition
    max_tokens: int
    started: float = field(default_factory=time.monotonic)
    waiting: Waiting | None = None
    queue: int = 0  # requests that wait for a place, this one among them; as it was last seen
    prompt_tokens: int | None = None
    asked: tuple[tuple[int, str], ...] = ()  # of each medium in the request: its message's number, its hash
    seen: tuple[SeenMedia, ...] = ()
    reasoning: str = ""
    reasoning_started: float | None = None
    reasoning_seconds: float | None = None  # set when the reasoning is over
    text: str = ""
    first_token: float | None = None  # seconds from the question to the first character
    reason: str | None = None  # why it ended
    done: Done | None = None
    error: WebUIError | None = None
    status: Status = "streaming"

    def take(self, event: object) -> None:
        """Add what an event says."""
        now = time.monotonic()
        match event:
            case Waiting():
                self.waiting = event
            case Started():
                self.waiting, self.prompt_tokens, self.seen = None, event.prompt_tokens, event.seen
            case ReasoningDelta():
                self._first(now)
                if self.reasoning_started is None:
                    self.reasoning_started = now
                self.reasoning += event.text
            case TextDelta():
                self._first(now)
                self._end_reasoning(now)
                self.text += event.text
            case Finished():
                self._end_reasoning(now)
                self.reason = event.reason
            case Done():
                self.done = event

    def _first(self, now: float) -> None:
        self.waiting = None
        if self.first_token is None:
            self.first_token = now - self.started

    def _end_reasoning(self, now: float) -> None:
        if self.reasoning_started is not None and self.reasoning_seconds is None:
            self.reasoning_seconds = now - self.reasoning_started

    def end(self, status: Status, error: WebUIError | None = None) -> None:
        self._end_reasoning(time.monotonic())
        self.waiting, self.status, self.error = None, status, error

    def reasoning_so_far(self) -> float:
        """Seconds of reasoning, growing until it is over."""
        if self.reasoning_seconds is not None:
            return self.reasoning_seconds
        return 0.0 if self.reasoning_started is None else time.monotonic() - self.reasoning_started

    def facts(self) -> dict[str, Any]:
        """What is worth keeping beside the text, as JSON."""
        facts: dict[str, Any] = {"max_tokens": self.max_tokens}
        if self.first_token is not None:
            facts["first_token"] = round(self.first_token, 3)
        if self.reasoning:
            facts["reasoning_seconds"] = round(self.reasoning_so_far(), 1)
        if self.prompt_tokens is not None:
            facts["prompt_tokens"] = self.prompt_tokens
        if self.seen:
            facts["seen"] = [
                {
                    "kind": medium.kind,
                    "original_size": list(medium.original_size),
                    "seen_size": list(medium.seen_size),
                    "visual_tokens": medium.visual_tokens,
                    "frame_times": [round(t, 2) for t in medium.frame_times],
                    "turn": turn,
                    "hash": digest,
                }
                for medium, (turn, digest) in zip(self.seen, self.asked, strict=True)
            ]
        if self.reason is not None:
            facts["finish_reason"] = self.reason
        if self.done is not None:
            facts["usage"] = msgspec.to_builtins(self.done.usage)
            facts["timings"] = msgspec.to_builtins(self.done.timings)
            facts["reasoning_tokens"] = self.done.reasoning_tokens
        if self.error is not None:
            facts["error"] = {
                "en": self.error.message("en"),
                "zh": self.error.message("zh"),
                "code": self.error.code,
                "refused": isinstance(self.error, InvalidRequest),  # and would be again
            }
        return facts

    def as_record(self) -> MessageRecord:
        """The message as it is now."""
        return replace(
            self.record,
            text=self.text,
            reasoning=self.reasoning,
            status=self.status,
            facts=self.facts(),
            updated=time.time(),
        )


class Answers:
    """The answers of all conversations, at most one running in each."""

    def __init__(self, service: ChatService, history: HistoryStore) -> None:
        self._service = service
        self._history = history
        self._running: dict[str, tuple[Answer, asyncio.Task[None]]] = {}

    def running(self, conversation_id: str | None) -> Answer | None:
        """The answer being written in a conversation."""
        found = self._running.get(conversation_id or "")
        return found[0] if found and found[0].status == "streaming" else None

    def latest(self, conversation_id: str) -> Answer | None:
        """The answer being written, or the one whose end is not saved yet."""
        found = self._running.get(conversation_id)
        return found[0] if found else None

    async def start(self, conversation_id: str, request: ChatRequest, names: Mapping[str, str] = {}) -> Answer:
        """Begin an answer: its empty message is stored first. The caller checked that none is running.

        `names`: what a person calls the fields of `request` that an error may name.
        """
        if conversation_id in self._running:
            assert self.running(conversation_id) is None
            await asyncio.wait([self._running[conversation_id][1]])  # it has ended and is being saved
        record = await asyncio.to_thread(
            self._history.add_message, conversation_id, role="assistant", edition=request.edition, status="streaming"
        )
        answer = Answer(
            record=record, edition=request.edition, max_tokens=request.max_tokens or 0, asked=_media_of(request)
        )
        task = asyncio.create_task(self._write(answer, request, names), name=f"answer {record.id}")
        self._running[conversation_id] = (answer, task)
        await asyncio.sleep(0)  # cancelled before it began, the task would not save its end
        return answer

    async def stop(self, conversation_id: str | None) -> None:
        """Stop the conversation's answer and wait until what came is saved."""
        found = self._running.get(conversation_id or "")
        if found is not None:
            if found[0].status == "streaming":  # one that has ended is being saved, which is not to be cut short
                found[1].cancel()
            await asyncio.wait([found[1]])

    async def stop_all(self) -> None:
        """Stop every answer: the server is shutting down."""
        await asyncio.gather(*(self.stop(conversation_id) for conversation_id in list(self._running)))

    async def watch(self, answer: Answer) -> AsyncIterator[Answer]:
        """The answer again and again while it grows, at most every `SHOW_EVERY` seconds; the last time it has ended."""
        while answer.status == "streaming":
            if answer.waiting is not None and answer.waiting.reason == "queued":
                answer.queue = self._queue(answer.edition)
            yield answer
            await asyncio.sleep(SHOW_EVERY)
        yield answer

    def _queue(self, edition: Edition) -> int:
        status = self._service.engine_status()
        one = status.editions.get(edition) if status is not None else None
        return 0 if one is None else one.stats.waiting if one.stats is not None else one.waiting

    async def _write(self, answer: Answer, request: ChatRequest, names: Mapping[str, str]) -> None:
        ended = asyncio.Event()
        saver = asyncio.create_task(self._save_until(answer, ended))
        try:
            async with contextlib.aclosing(self._service.stream(request)) as events:
                async for event in events:
                    answer.take(event)
            answer.end("done")
        except asyncio.CancelledError:
            answer.end("stopped")
        except WebUIError as error:
            error.field = names.get(error.field or "", error.field)
            answer.end("failed", error)
        except Exception as error:
            logger.exception("An answer failed")
            answer.end("failed", EngineFailure("internal", reason=f"{type(error).__name__}: {error}"))
        finally:
            ended.set()
            try:
                await asyncio.shield(saver)  # saves follow one another, so the last one stored is the whole answer
            finally:
                del self._running[answer.record.conversation_id]

    async def _save_until(self, answer: Answer, ended: asyncio.Event) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), SAVE_EVERY)
            last = ended.is_set()
            try:
                await asyncio.to_thread(self._save, answer.as_record())
            except Exception:  # the answer goes on; the next save may work
                logger.exception("An answer could not be saved")
            if last:
                return

    def _save(self, record: MessageRecord) -> None:
        with contextlib.suppress(NotFound):  # deleted while it was written
            self._history.update_message(
                record.id, text=record.text, reasoning=record.reasoning, status=record.status, facts=record.facts
            )


def _media_of(request: ChatRequest) -> tuple[tuple[int, str], ...]:
    return tuple(
        (number, part.source.sha256)
        for number, message in enumerate(request.messages)
        for part in message.parts
        if isinstance(part, MediaPart) and isinstance(part.source, Source)
    )
