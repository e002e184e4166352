"""From a chat to the engine's request: media fetched, prompt prepared, grammar built, what takes long in threads."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import msgspec

from qwen3_vl_webui.engine.request import EngineRequest
from qwen3_vl_webui.errors import InvalidRequest, QueueFull, TooLarge
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.media import MediaFetcher
from qwen3_vl_webui.processing.messages import MediaPart, Message, TextPart
from qwen3_vl_webui.processing.processor import Processor, Prompt
from qwen3_vl_webui.processing.source import Source
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.grammar import build_grammar
from qwen3_vl_webui.server.limits import ServerLimits

T = TypeVar("T")
SHORT_MESSAGES, SHORT_CHARS = 16, 4096  # at most: some 1.5 milliseconds


class Preparation:
    """Belongs to one event loop. `close` it after use."""

    def __init__(self, limits: ServerLimits, media_limits: MediaLimits) -> None:
        self._limits = limits
        self._media_limits = media_limits
        self._fetcher = MediaFetcher(media_limits)
        self._threads = ThreadPoolExecutor(limits.max_preparing, thread_name_prefix="prepare")
        self._fetching = asyncio.Semaphore(limits.max_fetching)
        self._preparing = 0

    async def close(self) -> None:
        await self._fetcher.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def prompt(self, request: ChatRequest, processor: Processor) -> Prompt:
        """The prompt that the model gets, its media fetched and decoded."""
        messages = await self._fetch(request.messages)
        tools = request.tools if request.tool_choice != "none" else ()

        def prepare() -> Prompt:
            return processor.prepare(messages, tools=tools, add_vision_id=request.add_vision_id)

        return prepare() if is_short(request) else await self.in_thread(prepare)

    async def engine_request(
        self, request: ChatRequest, processor: Processor, context: int
    ) -> tuple[Prompt, EngineRequest]:
        """The prompt and what the engine is sent, for a context of so many tokens."""
        grammar = None
        if request.json_schema is not None or request.tools or request.tool_choice != "auto":
            grammar = await self.in_thread(
                lambda: build_grammar(
                    json_schema=request.json_schema,
                    tools=request.tools,
                    tool_choice=request.tool_choice,
                    parallel_tool_calls=request.parallel_tool_calls,
                    after_reasoning=processor.implicit_think,
                )
            )
        prompt = await self.prompt(request, processor)
        after = processor.tokenizer.token_to_id("</think>") if grammar and prompt.in_reasoning else None
        sampling = msgspec.structs.replace(
            request.sampling,
            max_tokens=self._max_tokens(request, len(prompt.token_ids), context),
            grammar=grammar,
            grammar_after=after,
        )
        if sampling.min_tokens > sampling.max_tokens:
            raise InvalidRequest(
                "value_out_of_range",
                field="min_tokens",
                minimum=0,
                maximum=sampling.max_tokens,
                value=sampling.min_tokens,
            )
        return prompt, EngineRequest(
            request_id=uuid.uuid4().hex,
            edition=request.edition,
            token_ids=prompt.token_ids,
            positions=prompt.positions.astype("int32").tobytes(),
            position_delta=prompt.position_delta,
            media=prompt.media,
            sampling=sampling,
            cache_salt=request.cache_salt,
        )

    def _max_tokens(self, request: ChatRequest, prompt_tokens: int, context: int) -> int:
        """What may be generated: the request's own bound, within what the prompt leaves of the context."""
        if prompt_tokens >= context:
            raise InvalidRequest(
                "context_too_long", field="messages", prompt_tokens=prompt_tokens, limit=context - 1, context=context
            )
        return min(request.max_tokens or self._limits.max_output_tokens, context - prompt_tokens)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Heavy work, a few at once; the others wait, too many are refused."""
        if self._preparing >= self._limits.max_waiting + self._limits.max_preparing:
            raise QueueFull("too_many_preparing", limit=self._limits.max_waiting, retry_after=2)
        self._preparing += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._preparing -= 1

    async def _fetch_one(self, reference: str, *, field: str) -> Source:
        """The medium that a URL, data URI, base64 text or allowed path names, within the limits."""
        async with self._fetching:
            return await self._fetcher.fetch(reference, field=field)

    async def _fetch(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The messages with every medium as a `Source`."""
        places = [
            (i, j, part.source)
            for i, message in enumerate(messages)
            for j, part in enumerate(message.parts)
            if isinstance(part, MediaPart) and isinstance(part.source, str)
        ]
        fetches = [
            asyncio.ensure_future(self._fetch_one(address, field=f"messages[{i}].parts[{j}]"))
            for i, j, address in places
        ]
        parts = [list(message.parts) for message in messages]
        left = self._media_limits.max_bytes
        try:
            for (i, j, _), fetch in zip(places, fetches, strict=True):
                source = await fetch
                left -= source.size if source.path is None else 0
                if left < 0:  # all of them are kept together, in memory or beside the history
                    raise TooLarge("media_bytes_together", field="messages", limit=self._media_limits.max_bytes)
                part = parts[i][j]
                assert isinstance(part, MediaPart)
                parts[i][j] = replace(part, source=source, kind=source.kind if part.kind == "any" else part.kind)
        finally:
            for fetch in fetches:
                fetch.cancel()
            await asyncio.gather(*fetches, return_exceptions=True)
        return tuple(replace(message, parts=tuple(own)) for message, own in zip(messages, parts, strict=True))


def is_short(request: ChatRequest) -> bool:
    """A few texts and nothing else: prepared at once, in less time than it takes to wake a thread, which would then
    wait for the interpreter's lock.
    """
    if request.json_schema is not None or request.tools or len(request.messages) > SHORT_MESSAGES:
        return False
    length = 0
    for message in request.messages:
        length += len(message.reasoning or "")
        for part in message.parts:
            if not isinstance(part, TextPart):
                return False
            length += len(part.text)
        if message.tool_calls or length > SHORT_CHARS:
            return False
    return True
