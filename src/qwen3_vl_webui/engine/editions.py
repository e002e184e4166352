"""Both editions behind the interface of one engine: resident together when they fit, else loaded when asked for.

`residency` decides from the checkpoints' headers and the free memory. When only one fits, requests for the other wait:
it is loaded as soon as the resident one is idle, or has had its turn and finished what it runs, so that neither starves
and the weights are not swapped for every request. Loading runs in a thread: the resident edition goes on meanwhile.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.messages import Loading, Queued, failed
from qwen3_vl_webui.engine.request import Edition, EngineRequest, Failed, Timings, Tokens, Usage
from qwen3_vl_webui.engine.residency import FreeMemory, fit_together, free_memory, leaving_room, release_cached
from qwen3_vl_webui.engine.status import EditionState, EditionStatus
from qwen3_vl_webui.errors import CheckpointError, EngineFailure, EngineUnavailable, NotFound, QueueFull, WebUIError

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
LoadEngine = Callable[[EngineConfig, Progress], Engine]

TOLD = 0.01  # a waiting request hears of its load again when this much more is done
RETRY_SECONDS = 10.0  # a checkpoint that failed to load is not tried again sooner
QUEUE_RETRY_AFTER = 10.0  # seconds; told to those who find the queue of a loading edition full


def load_engine(config: EngineConfig, progress: Progress) -> Engine:
    return Engine(config, progress=progress)


@dataclass(kw_only=True)
class _Slot:
    """One checkpoint with the editions it serves: two when both name the same folder."""

    config: EngineConfig
    editions: tuple[Edition, ...]
    state: EditionState = "on_demand"
    engine: Engine | None = None
    resident_since: float = 0.0
    max_context: int | None = None
    fraction: float = 0.0
    told: float = 0.0
    error: WebUIError | None = None
    failed_at: float = 0.0
    waiting: dict[str, tuple[EngineRequest, Mapping[str, Tensor], float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return " and ".join(self.editions)

    @property
    def waiting_since(self) -> float:
        return next(iter(self.waiting.values()))[2]


class _Load(threading.Thread):
    """Builds one engine. `fraction` may be read at any time, `engine` and `error` once it is no longer alive."""

    def __init__(self, slot: _Slot, config: EngineConfig, load: LoadEngine) -> None:
        super().__init__(name=f"load-{slot.name}", daemon=True)
        self.slot = slot
        self.fraction = 0.0
        self.engine: Engine | None = None
        self.error: Exception | None = None
        self._config = config
        self._load = load

    def run(self) -> None:
        try:
            self.engine = self._load(self._config, self._progress)
        except Exception as error:
            self.error = error

    def _progress(self, done: int, total: int) -> None:
        self.fraction = done / total if total else 0.0


class Editions:
    """Engines by edition. Not thread-safe, like `Engine`; `step` never waits for a load."""

    def __init__(
        self,
        configs: Mapping[Edition, EngineConfig],
        *,
        load: LoadEngine = load_engine,
        free: FreeMemory = free_memory,
        turn_seconds: float = 20.0,
    ) -> None:
        """`turn_seconds`: how long the resident edition takes new requests while the other one's wait.

        Loading begins at once, in the background; a checkpoint that cannot be loaded is told in `status`.
        """
        self._load_engine = load
        self._free = free
        self._turn_seconds = turn_seconds
        self._slots = _slots(configs)
        self._by_edition = {edition: slot for slot in self._slots for edition in slot.editions}
        self._load: _Load | None = None
        self._outbox: list[Tokens | Failed | Loading | Queued] = []
        self._next = 0  # the slot whose turn to step it is
        self.progress = 0  # grows when a step ends or a load advances
        self._together: bool | None = None  # whether all stay in memory; decided at the first load
        self._initial = list(self._slots)  # still to be loaded at the start

    def add(self, request: EngineRequest, pixels: Mapping[str, Tensor] = {}) -> None:
        """Queue a request, as `Engine.add`; NotFound for an edition that is not configured."""
        slot = self._by_edition.get(request.edition)
        if slot is None:
            served = ", ".join(self._by_edition)
            raise NotFound("edition_unavailable", field="model", edition=request.edition, served=served)
        if slot.engine is not None and not self._is_held(slot):
            slot.engine.add(request, pixels)
            if slot.engine.is_full:
                self._outbox.append(Queued(request_id=request.request_id))
            return
        if slot.error is not None:
            if time.monotonic() - slot.failed_at < RETRY_SECONDS:
                raise slot.error
            slot.state, slot.error = "on_demand", None
        if len(slot.waiting) >= slot.config.max_running + slot.config.max_waiting:
            raise QueueFull("queue_full", limit=slot.config.max_waiting, retry_after=QUEUE_RETRY_AFTER)
        slot.waiting[request.request_id] = (request, pixels, time.monotonic())
        self._outbox.append(Loading(request_id=request.request_id, fraction=slot.fraction))

    def cancel(self, request_id: str) -> None:
        """As `Engine.cancel`, also for a request that waits for its edition."""
        for slot in self._slots:
            if request_id in slot.waiting:
                request, _, arrived = slot.waiting.pop(request_id)
                self._outbox.append(_cancelled(request, time.monotonic() - arrived))
            elif slot.engine is not None:
                slot.engine.cancel(request_id)

    def step(self) -> list[Tokens | Failed | Loading | Queued]:
        """Advance what can be: a finished load, a change of editions, one step of one engine (they take turns)."""
        self._advance_load()
        self._release_held()  # before the next load: a freshly loaded engine first gets those it was loaded for
        self._begin_load()
        outputs, self._outbox = self._outbox, []
        for _ in self._slots:
            slot = self._slots[self._next]
            self._next = (self._next + 1) % len(self._slots)
            if slot.engine is not None and slot.engine.has_work:
                outputs.extend(slot.engine.step())
                self.progress += 1
                break
        return outputs

    @property
    def has_work(self) -> bool:
        """`step` would do something now."""
        if self._outbox or any(slot.engine is not None and slot.engine.has_work for slot in self._slots):
            return True
        if self._load is not None:
            return not self._load.is_alive()
        return bool(self._initial) or any(slot.waiting for slot in self._slots)

    def warm_up(self) -> bool:
        """As `Engine.warm_up`, for the editions in memory."""
        return any(slot.engine is not None and slot.engine.warm_up() for slot in self._slots)

    @property
    def is_loading(self) -> bool:
        """A load runs in the background: call `step` now and then to tell those who wait and to take the result."""
        return self._load is not None

    def status(self) -> dict[Edition, EditionStatus]:
        return {edition: _status(self._by_edition[edition]) for edition in self._by_edition}

    def _is_held(self, slot: _Slot) -> bool:
        """Its new requests wait, because the other edition's have waited for a turn and only one fits."""
        now = time.monotonic()
        return any(
            other.waiting and now - max(slot.resident_since, other.waiting_since) >= self._turn_seconds
            for other in self._slots
            if other is not slot and other.engine is None
        )

    def _advance_load(self) -> None:
        load = self._load
        if load is None:
            return
        slot = load.slot
        if load.fraction > slot.fraction:
            slot.fraction = load.fraction
            self.progress += 1
        if slot.fraction >= slot.told + TOLD:
            slot.told = slot.fraction
            self._outbox.extend(Loading(request_id=request_id, fraction=slot.fraction) for request_id in slot.waiting)
        if load.is_alive():
            return
        self._load = None
        self.progress += 1
        if load.engine is not None:
            slot.engine, slot.state = load.engine, "ready"
            slot.max_context = load.engine.max_context
            slot.resident_since = time.monotonic()
            log.info("the %s edition is ready", slot.name)
        else:
            assert load.error is not None
            self._load_failed(slot, load.error)

    def _load_failed(self, slot: _Slot, error: Exception) -> None:
        slot.state = "on_demand"
        traceback.clear_frames(error.__traceback__)  # they hold the tensors that were loaded so far
        if _is_out_of_memory(error):
            if self._together and len(self._slots) > 1:
                # The plan was too hopeful: from now on one at a time; who waits gets its turn.
                log.warning("the %s edition does not fit beside the other: %s", slot.name, error)
                self._together = False
                if all(other.engine is None for other in self._slots):
                    self._initial = [slot]
                release_cached()
                return
            slot.error = EngineUnavailable("engine_memory", edition=slot.name, reason=str(error))
        elif isinstance(error, WebUIError):
            slot.error = error.with_traceback(None)
        else:
            reason = f"{type(error).__name__}: {error}"
            slot.error = CheckpointError("engine_start", edition=slot.name, reason=reason)
        # A checkpoint's fault is told by its sentence; only what nobody foresaw needs its traceback.
        unforeseen = None if isinstance(error, WebUIError) or _is_out_of_memory(error) else error
        log.error("the %s edition could not be loaded: %s", slot.name, slot.error, exc_info=unforeseen)
        slot.state, slot.failed_at = "failed", time.monotonic()
        self._outbox.extend(failed(request_id, slot.error) for request_id in slot.waiting)
        slot.waiting.clear()
        release_cached()

    def _begin_load(self) -> None:
        """Start the next load that is due, making room for it first."""
        if self._load is not None:
            return
        if self._together is None:
            self._together = fit_together([slot.config for slot in self._slots], self._free)
            log.info("the editions %s", "stay in memory together" if self._together else "take turns in memory")
        if not self._together:
            del self._initial[1:]  # the rest on demand
        slot = self._initial.pop(0) if self._initial else self._next_wanted()
        if slot is None:
            return
        others = [other for other in self._slots if other is not slot and other.engine is not None]
        if others and not self._together:
            if any(other.engine is not None and other.engine.has_work for other in others):
                return  # it finishes what it runs; `_is_held` keeps new requests from it when its turn is over
            for other in others:
                assert other.engine is not None
                other.engine.close()
                log.info("the %s edition leaves the memory", other.name)
                other.engine, other.state, other.fraction, other.told = None, "on_demand", 0.0, 0.0
            release_cached()
        slot.state, slot.fraction, slot.told = "loading", 0.0, 0.0
        to_come = [other.config for other in self._slots if other is not slot and other.engine is None]
        resident = [other.config for other in self._slots if other.engine is not None]
        config = leaving_room(slot.config, to_come if self._together else [], resident)
        self._load = _Load(slot, config, self._load_engine)
        log.info("loading the %s edition from %s", slot.name, slot.config.checkpoint)
        self._load.start()

    def _next_wanted(self) -> _Slot | None:
        wanted = [slot for slot in self._slots if slot.waiting and slot.engine is None]
        return min(wanted, key=lambda slot: slot.waiting_since, default=None)

    def _release_held(self) -> None:
        """Hand waiting requests to an engine that can take them."""
        for slot in self._slots:
            if slot.engine is None or not slot.waiting or self._is_held(slot):
                continue
            waiting, slot.waiting = slot.waiting, {}
            for request, pixels, _ in waiting.values():
                try:
                    slot.engine.add(request, pixels)
                except WebUIError as error:
                    self._outbox.append(failed(request.request_id, error))
                except Exception as error:
                    log.exception("adding %s", request.request_id)
                    failure = EngineFailure("engine_failed", reason=f"{type(error).__name__}: {error}")
                    self._outbox.append(failed(request.request_id, failure))


def _slots(configs: Mapping[Edition, EngineConfig]) -> list[_Slot]:
    by_folder: dict[str, _Slot] = {}
    for edition, config in configs.items():
        folder = str(config.folder.resolve())
        if folder in by_folder:
            by_folder[folder].editions += (edition,)
        else:
            by_folder[folder] = _Slot(config=config, editions=(edition,))
    return list(by_folder.values())


def _status(slot: _Slot) -> EditionStatus:
    return EditionStatus(
        state=slot.state,
        fraction=slot.fraction if slot.state == "loading" else None,
        error=None if slot.error is None else str(slot.error),
        waiting=len(slot.waiting),
        max_context=slot.max_context,
        stats=None if slot.engine is None else slot.engine.stats(),
    )


def _cancelled(request: EngineRequest, waited: float) -> Tokens:
    visual = sum(span.length for medium in request.media for span in medium.spans)
    return Tokens(
        request_id=request.request_id,
        finish_reason="cancelled",
        usage=Usage(prompt_tokens=len(request.token_ids), completion_tokens=0, cached_tokens=0, visual_tokens=visual),
        timings=Timings(queued=waited, first_token=waited, total=waited),
    )


def _is_out_of_memory(error: Exception) -> bool:
    # PyTorch's CPU allocator raises a plain RuntimeError.
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "not enough memory" in str(error)
        or "out of memory" in str(error)  # CUDA's own, where there is not even room for a context
    )
