"""One checkpoint's engine: tokens in, tokens out, synchronous, in the process that owns the device.

The loop is `step`: schedule, run, postprocess. The caller (`engine.editions` in the engine's process, or a script) calls it
while `has_work`. A request ends in a `Tokens` message that carries usage, or in one `Failed`; then all it held is free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.request import EngineOutput, EngineRequest, EngineStats

if TYPE_CHECKING:
    from qwen3_vl_webui.model.qwen3_vl import Qwen3VL


class Engine:
    """Continuous batching over one model. Not thread-safe: one thread adds, cancels and steps."""

    max_context: int  # tokens of prompt and answer together
    num_blocks: int  # KV blocks of `config.block_size` tokens

    def __init__(
        self,
        config: EngineConfig,
        model: Qwen3VL | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Load `config.checkpoint` (telling `progress` bytes done and in all) unless a model is given."""
        raise NotImplementedError

    def add(self, request: EngineRequest, pixels: Mapping[str, Tensor] = {}) -> None:
        """Queue a request. `pixels` by media key: uint8 [frames, height, width, 3], already resized to grid x patch size.

        They are kept, not copied, until the request ends. Raises InvalidRequest or QueueFull; then nothing is kept.
        """
        raise NotImplementedError

    def cancel(self, request_id: str) -> None:
        """End a request at the next step, with the reason "cancelled". An unknown id has ended already: nothing happens."""
        raise NotImplementedError

    def step(self) -> list[EngineOutput]:
        """Compute one batch. A request's own fault becomes its `Failed`; an exception means that the device is lost."""
        raise NotImplementedError

    @property
    def has_work(self) -> bool:
        raise NotImplementedError

    def stats(self) -> EngineStats:
        raise NotImplementedError
