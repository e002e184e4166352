"""The engine as the server's process sees it: async generators of tokens, and a status. Nothing here needs a device.

`EngineClient` runs the engine in a process of its own and watches over it: a process that dies, freezes or stops making
progress costs its requests an `EngineUnavailable` within seconds and is replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import subprocess
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.messages import (
    Accepted,
    Add,
    Cancel,
    Heartbeat,
    Loading,
    Output,
    Outputs,
    Queued,
    Up,
    error_of,
)
from qwen3_vl_webui.engine.request import Edition, EngineRequest, Failed, Tokens
from qwen3_vl_webui.engine.shared_pixels import Sent, write
from qwen3_vl_webui.engine.status import EditionStatus, EngineState, EngineStatus
from qwen3_vl_webui.engine.supervisor import COMMAND, EngineProcess, Watch, start_ahead, sweep
from qwen3_vl_webui.errors import EngineUnavailable, InvalidRequest, NotFound, QueueFull, WebUIError

__all__ = ["EditionStatus", "EngineClient", "EngineStatus", "Loading", "Queued", "Watch", "start_ahead"]

log = logging.getLogger(__name__)

FULL_RETRY_AFTER = 5.0  # seconds; told to those who find every place taken
RESTART_RETRY_AFTER = 5.0  # seconds
FIRST_BACKOFF = 0.5  # seconds before a new process after one that was not up for long; doubles
LONGEST_BACKOFF = 30.0
STEADY_SECONDS = 60.0  # up for this long: the next failure starts from no backoff
STOP_SECONDS = 10.0  # a drained engine that has not exited by then is killed
LARGE = 4 << 20  # bytes of pixels that are copied in a thread, not in the event loop


class EngineClient:
    """One engine process under supervision. Belongs to one event loop."""

    def __init__(
        self,
        configs: Mapping[Edition, EngineConfig],
        *,
        log_level: str = "info",
        watch: Watch = Watch(),  # noqa: B008  frozen
        command: Sequence[str] = COMMAND,
        transport: str | None = None,
        ahead: subprocess.Popen[bytes] | None = None,
    ) -> None:
        """`command` starts the engine's process; `transport` is as in `EngineProcess`, and so is `ahead`, which is the
        first process.
        """
        self._configs = dict(configs)
        self._options: dict[str, Any] = {
            "watch": watch,
            "log_level": log_level,
            "command": command,
            "transport": transport,
        }
        self._watch = watch
        self._ahead = ahead
        self._process: EngineProcess | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._streams: dict[str, _Stream] = {}
        self._stopping = False
        self._was_ready = False  # the first start is over: from now on an engine that is not ready is restarting
        self._restarts = 0
        self._last_error: str | None = None
        self._ending: asyncio.Task[None] | None = None  # of the latest process that was replaced
        self._editions = self._unknown_editions()

    async def start(self) -> None:
        """Start the process and return; `status` tells when it is ready."""
        assert self._supervision is None, "started twice"
        sweep()
        self._process = self._start_process()
        self._supervision = asyncio.create_task(self._supervise(), name="engine-supervision")

    async def stop(self, *, drain: float = 30.0) -> bool:
        """Refuse new requests, give running ones `drain` seconds, end the process.

        False: it had died or had to be killed, so the service did not end well.
        """
        self._stopping = True
        if self._supervision is None:
            return True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + drain
        while self._streams and self._process is not None and loop.time() < deadline:
            await asyncio.sleep(0.02)
        self._supervision.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._supervision
        self._fail_streams("engine_stopping")
        if self._ending is not None:
            await self._ending
        if self._process is None:
            return False
        process, self._process = self._process, None
        status = await process.end(STOP_SECONDS if process.heartbeat is not None else 0.0)
        if status not in (0, None):
            log.error("the engine ended with status %d", status)
        return status == 0

    async def generate(
        self, request: EngineRequest, pixels: Mapping[str, np.ndarray] = {}
    ) -> AsyncGenerator[Tokens | Loading | Queued, None]:
        """Run a request; the last `Tokens` carries usage. Closing the generator early cancels it.

        `pixels` by media key, uint8 [frames, height, width, 3]. A reader that lags gets the tokens of several steps in
        one `Tokens`. Raises InvalidRequest, QueueFull, NotFound("edition_unavailable"), EngineUnavailable (engine_died,
        engine_stuck, engine_restarting, engine_stopping, engine_memory), EngineFailure, CheckpointError.
        """
        process = self._admit(request)
        stream = self._streams[request.request_id] = _Stream(request.edition)
        try:
            if pixels:
                stream.sent = await _write(pixels, process)
                stream.raise_error()
            process.send(Add(request=request, segment=None if stream.sent is None else stream.sent.segment))
            stream.is_running = True
            while True:
                message = await stream.next()
                yield message
                if isinstance(message, Tokens) and message.usage is not None:
                    return
        finally:
            del self._streams[request.request_id]
            if stream.is_running and process is self._process:
                process.send(Cancel(request_id=request.request_id))
            stream.close()

    def status(self) -> EngineStatus:
        """A snapshot, at most half a second old while the engine is well."""
        return EngineStatus(
            state=self._state(),
            editions=self._editions,
            pid=None if self._process is None else self._process.pid,
            restarts=self._restarts,
            last_error=self._last_error,
        )

    def _unknown_editions(self) -> dict[Edition, EditionStatus]:
        return {edition: EditionStatus(state="loading", fraction=0.0) for edition in self._configs}

    def _state(self) -> EngineState:
        if self._stopping:
            return "stopping"
        if self._process is None or self._process.heartbeat is None or not self._process.editions:
            return "restarting" if self._restarts else "loading"
        states = [edition.state for edition in self._editions.values()]
        if all(state == "failed" for state in states):
            return "failed"
        if not self._was_ready and "loading" in states:
            return "restarting" if self._restarts else "loading"
        return "ready"

    def _admit(self, request: EngineRequest) -> EngineProcess:
        config = self._configs.get(request.edition)
        if config is None:
            served = ", ".join(self._configs)
            raise NotFound("edition_unavailable", field="model", edition=request.edition, served=served)
        state = self._state()
        if state == "stopping":
            raise EngineUnavailable("engine_stopping")
        if state == "restarting" or self._process is None:
            raise EngineUnavailable("engine_restarting", retry_after=RESTART_RETRY_AFTER)
        # The engine counts exactly; this bounds what it is sent while it cannot answer.
        under_way = sum(stream.edition == request.edition for stream in self._streams.values())
        if under_way >= config.max_running + config.max_waiting:
            raise QueueFull("queue_full", limit=config.max_waiting, retry_after=FULL_RETRY_AFTER)
        if request.request_id in self._streams:
            raise InvalidRequest("field_invalid", field="request_id", reason="it is in use")
        return self._process

    async def _supervise(self) -> None:
        backoff = 0.0
        while True:
            process = self._process
            assert process is not None
            code, reason = await self._wait_for_fault(process)
            log.error("the engine (process %d) has to be replaced: %s", process.pid, reason)
            self._last_error = reason
            self._restarts += 1
            self._was_ready = False
            self._process = None
            self._editions = self._unknown_editions()
            self._fail_streams(code)
            self._ending = asyncio.create_task(process.kill(show_stacks=code == "engine_stuck"), name="engine-end")
            await asyncio.shield(self._ending)
            if self._stopping:
                return
            if time.monotonic() - process.started > STEADY_SECONDS:
                backoff = 0.0
            while self._process is None:
                await asyncio.sleep(backoff)
                backoff = min(max(2 * backoff, FIRST_BACKOFF), LONGEST_BACKOFF)
                try:
                    self._process = self._start_process()
                except OSError as error:  # no memory or no room just now
                    log.error("the engine could not be started: %s", error)
                    self._last_error = str(error)

    async def _wait_for_fault(self, process: EngineProcess) -> tuple[str, str]:
        while (fault := process.check()) is None:
            await asyncio.sleep(self._watch.check)
        return fault

    def _start_process(self) -> EngineProcess:
        ahead, self._ahead = self._ahead, None
        return EngineProcess(self._configs, self._take, ahead=ahead, **self._options)

    def _take(self, message: Up) -> None:
        match message:
            case Outputs():
                for output in message.outputs:
                    if (stream := self._streams.get(output.request_id)) is not None:
                        stream.push(output)
            case Heartbeat() if message.editions and self._process is not None:
                self._editions = message.editions
                self._was_ready = self._was_ready or self._state() == "ready"

    def _fail_streams(self, code: str) -> None:
        for stream in self._streams.values():
            stream.fail(EngineUnavailable(code, retry_after=RESTART_RETRY_AFTER))


class _Stream:
    """One request's outputs on their way to its reader."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.sent: Sent | None = None
        self.is_running = False  # in the engine, as far as we know
        self._messages: deque[Tokens | Loading | Queued] = deque()
        self._error: WebUIError | None = None
        self._news = asyncio.Event()

    def push(self, output: Output) -> None:
        match output:
            case Tokens():
                self._append(output)
                if output.usage is not None:
                    self.is_running = False
            case Loading() | Queued():
                if self._messages and not isinstance(self._messages[-1], Tokens):
                    self._messages.pop()  # only the newest is of interest
                self._messages.append(output)
            case Failed():
                self.fail(error_of(output))
            case Accepted():
                self.close()
                return
        self._news.set()

    def fail(self, error: WebUIError) -> None:
        """End with an error, after the tokens that came before it."""
        self.is_running = False
        if self._error is None:
            self._error = error
        self._news.set()

    async def next(self) -> Tokens | Loading | Queued:
        while not self._messages:
            self.raise_error()
            self._news.clear()
            await self._news.wait()
        return self._messages.popleft()

    def raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Give up the pixels; the engine's mapping of them lives on."""
        if self.sent is not None:
            self.sent.close()

    def _append(self, tokens: Tokens) -> None:
        """Join tokens with those that the reader has not fetched yet, where nothing is lost by it."""
        last = self._messages[-1] if self._messages else None
        if (
            isinstance(last, Tokens)
            and last.index == tokens.index
            and last.finish_reason is None
            and last.usage is None
            and (last.logprobs is None) == (tokens.logprobs is None)
        ):
            logprobs = None if tokens.logprobs is None else (last.logprobs or []) + tokens.logprobs
            self._messages[-1] = msgspec.structs.replace(
                tokens, token_ids=last.token_ids + tokens.token_ids, logprobs=logprobs
            )
        else:
            self._messages.append(tokens)


async def _write(pixels: Mapping[str, np.ndarray], process: EngineProcess) -> Sent:
    """Put pixels into shared memory; large ones in a thread. Nothing stays behind when this is cancelled meanwhile."""
    if sum(math.prod(array.shape) for array in pixels.values()) < LARGE:
        return write(pixels, process.folder)
    writing = asyncio.ensure_future(asyncio.to_thread(write, pixels, process.folder))
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        writing.add_done_callback(_close_written)
        raise


def _close_written(writing: asyncio.Future[Sent]) -> None:
    if writing.exception() is None:
        writing.result().close()
