"""The chat service: one request from messages to events, over `processing` and `engine.client`.

The OpenAI routes, `/api/predict`, the page and the command line are all callers of `ChatService.stream`. `open_service`
builds one from the configuration and stops its engine on the way out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.engine.client import EngineClient
from qwen3_vl_webui.engine.request import Edition, SamplingParams
from qwen3_vl_webui.engine.status import EngineStatus
from qwen3_vl_webui.errors import (
    EngineFailure,
    EngineUnavailable,
    NotFound,
    WebUIError,
    words,
)
from qwen3_vl_webui.plan import Resolved, resolve
from qwen3_vl_webui.processing.processor import Processor, Prompt, Seen, preload
from qwen3_vl_webui.processing.sizes import ImageRule, VideoRule
from qwen3_vl_webui.processing.tokenizer import Tokenizer
from qwen3_vl_webui.server.answer import Answering
from qwen3_vl_webui.server.bounds import check_asks, check_bounds
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.defaults import RECOMMENDED, default_sampling
from qwen3_vl_webui.server.events import ChatEvent, SeenMedia, Started, Waiting
from qwen3_vl_webui.server.limits import ServerLimits, media_limits, server_limits
from qwen3_vl_webui.server.metrics import Metrics
from qwen3_vl_webui.server.preparation import Preparation, is_short

logger = logging.getLogger(__name__)
T = TypeVar("T")
START_RETRY = 5.0  # seconds that a caller is told to wait for a start


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """One edition as it is served."""

    edition: Edition
    name: str  # full name, e.g. Qwen3-VL-4B-Instruct
    demo: bool  # the small bundled checkpoint
    max_context: int  # tokens, prompt and answer together
    state: Literal["loading", "ready", "on_demand", "failed", "restarting", "stopping"]
    fraction: float | None  # done, while loading
    error: str | None  # why it could not be loaded
    sampling: SamplingParams  # the defaults of a request


class ChatService:
    """Runs chats. Belongs to one event loop; `start` before, `stop` after use.

    `stream` raises `errors.WebUIError` before or between events; closing the generator cancels the request.
    """

    def __init__(
        self, settings: Settings, resolved: Resolved | None = None, engine: subprocess.Popen[bytes] | None = None
    ) -> None:
        """`resolved`: what `plan.resolve` found; without it the plan is made in `start`'s background. `engine`: a
        process that was started ahead.
        """
        self.settings = settings
        self.limits: ServerLimits = server_limits(settings)
        self.media_limits = media_limits(settings)
        self.metrics = Metrics(self.engine_status)
        self._resolved = resolved
        self._ahead = engine
        self._client: EngineClient | None = None
        self._processors: dict[Edition, Processor] = {}
        self._defaults: dict[Edition, SamplingParams] = {}
        self._failure: WebUIError | None = None  # of the start
        self._starting: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._stopping = False
        self._over = asyncio.Event()  # what is still open must end now
        self._open = 0  # chats
        self._planned = asyncio.Event()  # the plan is made, or the start failed
        self.preparation = Preparation(self.limits, self.media_limits)
        self.created = int(time.time())  # when this service was made

    # life

    async def start(self) -> None:
        """Begin to start the engine and to read the checkpoints; returns at once."""
        self._starting = asyncio.create_task(self._start(), name="chat-service-start")
        self._warming = asyncio.create_task(self._warm_up(), name="chat-service-warm-up")

    async def _start(self) -> None:
        try:
            if self._resolved is None:
                self._resolved = await asyncio.to_thread(resolve, self.settings)
            self._planned.set()
            self._client = EngineClient(self._resolved.engines, log_level=self.settings.log_level, ahead=self._ahead)
            await self._client.start()
            for edition, folder in self._resolved.folders.items():
                self._defaults[edition] = await asyncio.to_thread(default_sampling, folder, edition)
                on_cuda = self._resolved.engines[edition].device.startswith("cuda")
                self._processors[edition] = await asyncio.to_thread(
                    Processor.load, folder, self.media_limits, device_resizes=on_cuda
                )
        except WebUIError as error:
            logger.error("the start failed: %s", error)
            self._failure = error
        except Exception as error:
            logger.exception("the start failed")
            self._failure = EngineFailure("internal", reason=words("start_failed", error=error))
        finally:
            self._planned.set()

    async def _warm_up(self) -> None:
        """So that the first picture waits for no import; not before, because the start is waited for too."""
        while not self.ready and self._failure is None:
            await asyncio.sleep(0.1)
        await asyncio.to_thread(preload)

    async def settled(self) -> None:
        """Wait until the start and what is imported after it are over, however they ended."""
        tasks = {task for task in (self._starting, self._warming) if task is not None}
        if tasks:
            await asyncio.wait(tasks)

    def refuse(self) -> None:
        """Take no more chats; those that are open go on."""
        self._stopping = True

    async def stop(self, *, drain: float | None = None) -> bool:
        """Give what the engine runs `drain` seconds (None: the settings'), then end it. False: it had to be killed.

        What is open then raises `EngineUnavailable("engine_stopping")`. A second call does nothing more.
        """
        self._stopping = True
        self._over.set()
        clean = True
        for task in (self._starting, self._warming):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self._client is not None:
            clean = await self._client.stop(drain=self.settings.drain_seconds if drain is None else drain)
        await self.preparation.close()
        return clean

    async def planned(self) -> None:
        """Wait until it is known which models are served. Raises why nothing will be."""
        await self._planned.wait()
        if self._failure is not None:
            raise self._failure

    # what there is

    def engine_status(self) -> EngineStatus | None:
        """None before the engine was started."""
        return self._client.status() if self._client is not None else None

    @property
    def failure(self) -> WebUIError | None:
        """Why the service cannot start."""
        return self._failure

    @property
    def demo(self) -> bool:
        """The bundled demonstration checkpoints are served."""
        return self._resolved is not None and self._resolved.kind == "demo"

    @property
    def ready(self) -> bool:
        """A request sent now would be answered without waiting for a start or a restart."""
        status = self.engine_status()
        if self._stopping or status is None or status.state != "ready" or self._resolved is None:
            return False
        return set(self._processors) == set(self._resolved.folders)

    @property
    def busy(self) -> bool:
        """A chat is open that a working engine will answer, or answers."""
        status = self.engine_status()
        return self._open > 0 and status is not None and status.state not in ("restarting", "failed")

    def models(self) -> tuple[ModelInfo, ...]:
        """The served editions, instruct first. Empty until the plan is made."""
        if self._resolved is None:
            return ()
        status = self.engine_status()
        infos = []
        for edition, config in self._resolved.engines.items():
            one = status.editions.get(edition) if status is not None else None
            state: Any = one.state if one is not None else "loading"
            if status is not None and status.state in ("restarting", "stopping"):
                state = status.state
            infos.append(
                ModelInfo(
                    edition=edition,
                    name=self._resolved.names[edition],
                    demo=self.demo,
                    max_context=(one.max_context if one is not None else None) or config.max_context,
                    state=state,
                    fraction=one.fraction if one is not None else None,
                    error=one.error if one is not None else None,
                    sampling=self.sampling(edition),
                )
            )
        return tuple(infos)

    def sampling(self, edition: Edition) -> SamplingParams:
        """The checkpoint's own defaults (generation_config.json), else the authors' values for the edition."""
        return self._defaults.get(edition, RECOMMENDED[edition])

    def media_rules(self, edition: Edition) -> tuple[ImageRule, VideoRule] | None:
        """How the checkpoint wants pictures and videos resized and sampled; None until it was read."""
        processor = self._processors.get(edition)
        return None if processor is None else (processor.image_rule, processor.video_rule)

    def find_edition(self, name: str) -> Edition:
        """The edition that a model name of a request means. Raises NotFound("model_unknown")."""
        models = self.models()
        for model in models:
            if name in (model.edition, model.name) or name.rpartition("/")[2] == model.name:
                return model.edition
        known = ", ".join(word for model in models for word in (model.edition, model.name))
        raise NotFound("model_unknown", field="model", value=name[:200], known=known)

    async def processor(self, edition: Edition) -> Processor:
        """The edition's tokenizer, template and sizes; waits while the service starts."""
        if self._starting is not None and not self._starting.done():
            await asyncio.wait({self._starting})
        if self._failure is not None:
            raise self._failure
        if self._stopping:
            raise EngineUnavailable("engine_stopping", retry_after=START_RETRY)
        if edition not in self._processors:
            known = ", ".join(self._processors)
            raise NotFound("model_unknown", field="model", value=edition, known=known)
        return self._processors[edition]

    async def tokenizer(self, edition: Edition) -> Tokenizer:
        return (await self.processor(edition)).tokenizer

    # a chat

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """The events of one chat: Started, deltas, a Finished for each sample, Done; before the deltas also Waiting."""
        self._open += 1
        try:
            async with contextlib.aclosing(self._stream(request)) as events:
                async for event in events:
                    yield event
        except WebUIError as error:
            self.metrics.failed(error)
            raise
        finally:
            self._open -= 1

    async def _stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        arrived = time.perf_counter()
        self._admit(request)
        check_asks(request)
        if self._starting is not None and not self._starting.done():
            yield Waiting(reason="loading")
        processor = await self.processor(request.edition)
        context = next(model.max_context for model in self.models() if model.edition == request.edition)
        preparing = self.preparation.engine_request(request, processor, context)
        prompt, engine_request = await (preparing if is_short(request) else self._unless_over(preparing))
        yield Started(prompt_tokens=len(prompt.token_ids), seen=tuple(_seen(one) for one in prompt.seen))
        assert self._client is not None, "the engine was started before any processor was read"
        answering = Answering(
            request=request,
            tokenizer=processor.tokenizer,
            prompt=prompt,
            samples=engine_request.sampling.n,
            arrived=arrived,
            metrics=self.metrics,
        )
        outputs = self._client.generate(engine_request, prompt.pixels)
        async with contextlib.aclosing(answering.events(outputs)) as events:
            async for event in events:
                yield event

    async def _unless_over(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`; when the service ends first, `work` is cancelled and the caller told why."""
        task, over = asyncio.ensure_future(work), asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({task, over}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise EngineUnavailable("engine_stopping", retry_after=START_RETRY)
        finally:
            over.cancel()
            task.cancel()
            await asyncio.gather(task, over, return_exceptions=True)

    async def prepare(self, request: ChatRequest) -> Prompt:
        """The prompt that the model would get, without running it."""
        self._admit(request)
        processor = await self.processor(request.edition)
        return await self.preparation.prompt(request, processor)

    def _admit(self, request: ChatRequest) -> None:
        if self._stopping:
            raise EngineUnavailable("engine_stopping", retry_after=START_RETRY)
        check_bounds(request, self.limits, self.media_limits)


def _seen(one: Seen) -> SeenMedia:
    return SeenMedia(
        kind=one.kind,
        original_size=one.original_size,
        seen_size=one.seen_size,
        visual_tokens=one.visual_tokens,
        frame_times=one.frame_times,
        fps=one.fps,
    )


@contextlib.asynccontextmanager
async def open_service(settings: Settings, resolved: Resolved | None = None) -> AsyncIterator[ChatService]:
    """A running service, for the command line and scripts."""
    service = ChatService(settings, resolved)
    await service.start()
    try:
        yield service
    finally:
        await service.stop()
