"""From the engine's token chunks to chat events: one parser a sample, stop strings, tool calls, usage, timings."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import AsyncGenerator, Iterator

from qwen3_vl_webui.engine.client import Loading, Queued
from qwen3_vl_webui.engine.request import Timings, Tokens, Usage
from qwen3_vl_webui.errors import WebUIError
from qwen3_vl_webui.processing.output import Answer, Call, OutputEvent, OutputParser, Reasoning
from qwen3_vl_webui.processing.processor import Prompt
from qwen3_vl_webui.processing.tokenizer import Tokenizer
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.events import (
    ChatEvent,
    Done,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Waiting,
)
from qwen3_vl_webui.server.metrics import Metrics


class Answering:
    """One running request. `events` consumes and closes the engine's generator, which frees the request's blocks.

    A sample ends for the engine's reason, at a stop string, or after its one call when calls may not be parallel. When
    all samples have ended before the engine says so, the generator is closed, and usage is what was received so far.
    """

    def __init__(
        self,
        *,
        request: ChatRequest,
        tokenizer: Tokenizer,
        prompt: Prompt,
        samples: int,
        arrived: float,
        metrics: Metrics,
    ) -> None:
        tools = bool(request.tools) and request.tool_choice != "none"
        named = request.tool_choice not in ("auto", "none", "required")
        self._one_call = tools and (named or not request.parallel_tool_calls)
        self._parsers = [
            OutputParser(
                tokenizer,
                in_reasoning=prompt.in_reasoning,
                stop=request.stop,
                min_tokens=request.sampling.min_tokens,
                tools=tools,
            )
            for _ in range(samples)
        ]
        self._want_logprobs = request.sampling.logprobs is not None
        self._open = set(range(samples))
        self._edition = request.edition
        self._prompt = prompt
        self._arrived = arrived
        self._metrics = metrics
        self._received = 0
        self._cached = 0
        self._first: float | None = None  # seconds from arrival
        self._outcome = "stop"

    async def events(self, outputs: AsyncGenerator[Tokens | Loading | Queued, None]) -> AsyncGenerator[ChatEvent, None]:
        done: Done | None = None
        failed = False
        try:
            async with contextlib.aclosing(outputs):
                async for output in outputs:
                    if isinstance(output, Loading):
                        yield Waiting(reason="loading", fraction=output.fraction)
                        continue
                    if isinstance(output, Queued):
                        yield Waiting(reason="queued")
                        continue
                    for event in self._take(output):
                        yield event
                    if output.usage is not None or not self._open:
                        done = self._done(output)
                        break
        except WebUIError:
            failed = True
            raise
        finally:
            if done is None and not failed:
                self._metrics.left(self._edition)
        if done is not None:
            yield done

    def _take(self, output: Tokens) -> Iterator[ChatEvent]:
        index = output.index
        self._received += len(output.token_ids)
        self._cached = output.cached_tokens
        if output.token_ids and self._first is None:
            self._first = time.perf_counter() - self._arrived
            self._metrics.first_token(self._edition, self._first)
        if index not in self._open:
            return
        parser = self._parsers[index]
        yield from self._deltas(index, parser.feed(output.token_ids, output.logprobs))
        reason: str | None = output.finish_reason
        if index not in self._open:  # ended after its one call
            return
        if parser.stopped is not None:
            reason = "stop"
        if reason is None:
            return
        yield from self._deltas(index, parser.finish())
        if index in self._open:
            yield self._finish(index, "tool_calls" if reason == "stop" and parser.num_calls else reason)

    def _deltas(self, index: int, events: list[OutputEvent]) -> Iterator[ChatEvent]:
        for event in events:
            match event:
                case Reasoning(text):
                    yield ReasoningDelta(index=index, text=text)
                case Answer(text, logprobs):
                    yield TextDelta(index=index, text=text, logprobs=logprobs if self._want_logprobs else None)
                case Call(position, name, arguments):
                    identity = f"call_{uuid.uuid4().hex[:24]}"
                    yield ToolCallDelta(index=index, position=position, id=identity, name=name, arguments=arguments)
                    if self._one_call:
                        yield self._finish(index, "tool_calls")
                        return

    def _finish(self, index: int, reason: str) -> Finished:
        self._open.discard(index)
        self._outcome = reason
        return Finished(index=index, reason=reason)

    def _done(self, last: Tokens) -> Done:
        now = time.perf_counter() - self._arrived
        first = self._first if self._first is not None else now
        usage = last.usage or Usage(
            prompt_tokens=len(self._prompt.token_ids),
            completion_tokens=self._received,
            cached_tokens=self._cached,
            visual_tokens=sum(one.visual_tokens for one in self._prompt.seen),
        )
        queued = last.timings.queued if last.timings is not None else 0.0
        timings = Timings(queued=queued, first_token=first, total=now)
        reasoning = sum(parser.reasoning_tokens for parser in self._parsers)
        self._metrics.finished(self._edition, self._outcome, usage, timings, reasoning, len(self._parsers))
        return Done(usage=usage, timings=timings, reasoning_tokens=reasoning)
