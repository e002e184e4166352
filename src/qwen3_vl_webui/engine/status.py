"""How the engine is doing, as the server, `/ready`, `/metrics` and the page see it: plain values, no behaviour."""

from __future__ import annotations

from typing import Literal

import msgspec

from qwen3_vl_webui.engine.request import Edition, EngineStats

EditionState = Literal["loading", "ready", "on_demand", "failed"]
EngineState = Literal["loading", "ready", "restarting", "stopping", "failed"]


class EditionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One configured edition."""

    state: EditionState  # on_demand: not in memory, the next request for it loads it; failed: it could not be loaded
    fraction: float | None = None  # done, while loading
    error: str | None = None  # why it could not be loaded (English)
    waiting: int = 0  # requests that wait for the edition to be in memory; not in `stats`
    max_context: int | None = None  # tokens, once it has been loaded
    stats: EngineStats | None = None  # while it is in memory


class EngineStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's process and its editions.

    `loading`: the first start; requests are taken and told how far it is. `ready`: a request for a resident edition
    runs at once. `restarting`: the process died or hung and its successor is not ready yet; requests are refused.
    `failed`: no edition could be loaded; the errors say why. `stopping`: shutting down, nothing new is taken.
    """

    state: EngineState
    editions: dict[Edition, EditionStatus]
    pid: int | None = None
    restarts: int = 0  # since the client started
    last_error: str | None = None  # why the process was last replaced, e.g. "killed by signal 9"
