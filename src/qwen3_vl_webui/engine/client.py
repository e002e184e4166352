"""The engine as the server's process sees it: async generators of tokens, and a status. Nothing here needs a device.

`EngineClient` runs the engine in a process of its own and watches over it: a process that dies, freezes or stops making
progress costs its requests an `EngineUnavailable` within seconds and is replaced.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

import numpy as np

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.messages import Loading
from qwen3_vl_webui.engine.request import Edition, EngineRequest, Tokens
from qwen3_vl_webui.engine.status import EditionStatus, EngineStatus

__all__ = ["EditionStatus", "EngineClient", "EngineStatus", "Loading"]


class EngineClient:
    """One engine process under supervision. Belongs to one event loop."""

    def __init__(self, configs: Mapping[Edition, EngineConfig], *, log_level: str = "info") -> None: ...

    async def start(self) -> None:
        """Start the process and return; `status` tells when it is ready."""
        raise NotImplementedError

    async def stop(self, *, drain: float = 30.0) -> bool:
        """Refuse new requests, give running ones `drain` seconds, end the process. False: it had to be killed or had died."""
        raise NotImplementedError

    def generate(
        self, request: EngineRequest, pixels: Mapping[str, np.ndarray] = {}
    ) -> AsyncGenerator[Tokens | Loading, None]:
        """Run a request; the last `Tokens` carries usage. Closing the generator early cancels it.

        `pixels` by media key, uint8 [frames, height, width, 3]. A reader that lags gets the tokens of several steps in one
        `Tokens`. Raises InvalidRequest, QueueFull, NotFound("edition_unavailable"), EngineUnavailable (engine_died,
        engine_stuck, engine_restarting, engine_stopping), EngineFailure, CheckpointError.
        """
        raise NotImplementedError

    def status(self) -> EngineStatus:
        """A snapshot, at most half a second old while the engine is well."""
        raise NotImplementedError
