"""What travels between the server's process and the engine's: tagged msgspec structs as msgpack, never pickle.

Down (to the engine): `Add`, `Cancel`, `Stop`. Up: `Outputs`, one message for all tokens of a step, and `Heartbeat`.
Pixels travel beside them in shared memory (`shared_pixels.Segment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from qwen3_vl_webui import errors
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.request import Edition, EngineRequest, Failed, Tokens
from qwen3_vl_webui.engine.shared_pixels import Segment
from qwen3_vl_webui.engine.status import EditionStatus

EDITIONS: tuple[Edition, ...] = get_args(Edition)


class Loading(msgspec.Struct, frozen=True, kw_only=True, tag="loading"):
    """The request waits for its edition to be in memory; told again as the fraction grows."""

    request_id: str
    fraction: float


class Queued(msgspec.Struct, frozen=True, kw_only=True, tag="queued"):
    """Every place in the batch is taken: the request waits for one. Told once, when it arrives."""

    request_id: str


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag="accepted"):
    """The engine has mapped the request's pixels: the sender's handle on the segment can go."""

    request_id: str


Output = Tokens | Failed | Loading | Queued | Accepted


class Add(msgspec.Struct, frozen=True, kw_only=True, tag="add"):
    request: EngineRequest
    segment: Segment | None = None


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    request_id: str


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag="stop"):
    """Exit now; whoever sends it has drained."""


class Outputs(msgspec.Struct, frozen=True, kw_only=True, tag="outputs"):
    outputs: list[Output]


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag="heartbeat"):
    """Sent by a thread beside the step loop, so that it tells of a loop that hangs."""

    phase: Literal["starting", "idle", "busy"]  # starting: imports, before the first edition is looked at
    progress: int  # grows with every step, every message handled and every stretch of a checkpoint that was loaded
    editions: dict[Edition, EditionStatus]


Down = Add | Cancel | Stop
Up = Outputs | Heartbeat


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How an engine process begins: a line of JSON on its standard input, which stays open while the parent lives."""

    configs: dict[Edition, EngineConfig]
    down: str  # addresses of the sockets
    up: str
    server_key: str | None = None  # CURVE, where the sockets are TCP: only who was told it can speak
    parent: int  # process id
    heartbeat_seconds: float
    log_level: str


_encoder = msgspec.msgpack.Encoder()
_down: msgspec.msgpack.Decoder[Down] = msgspec.msgpack.Decoder(Down)
_up: msgspec.msgpack.Decoder[Up] = msgspec.msgpack.Decoder(Up)


def encode(message: Down | Up) -> bytes:
    return _encoder.encode(message)


def decode_down(data: bytes) -> Down:
    """Raises msgspec.DecodeError (ValidationError among them) for anything but a well-formed message."""
    return _down.decode(data)


def decode_up(data: bytes) -> Up:
    """Raises msgspec.DecodeError like `decode_down`."""
    return _up.decode(data)


def failed(request_id: str, error: errors.WebUIError) -> Failed:
    """An error as a message."""
    return Failed(
        request_id=request_id,
        error=type(error).__name__,
        code=error.code,
        field=error.field,
        retry_after=error.retry_after,
        details=_plain(error.details),
    )


def error_of(message: Failed) -> errors.WebUIError:
    """The error a message tells of; the inverse of `failed`. One that does not exist here is an `EngineFailure`."""
    kind = getattr(errors, message.error, None)
    if not (isinstance(kind, type) and issubclass(kind, errors.WebUIError)):
        return errors.EngineFailure("engine_failed", reason=f"{message.error} {message.code}")
    try:
        details = {
            name: errors.Words(*value) if isinstance(value, tuple) else value for name, value in message.details.items()
        }
        return kind(message.code, field=message.field, retry_after=message.retry_after, **details)
    except (KeyError, TypeError):  # a code without a sentence, or one whose facts are missing
        return errors.EngineFailure("engine_failed", reason=f"{message.error} {message.code} {message.details}")


def _plain(details: Mapping[str, object]) -> dict[str, str | int | float | tuple[str, str]]:
    return {
        name: value
        if isinstance(value, (str, int, float, errors.Words)) and not isinstance(value, bool)
        else str(value)
        for name, value in details.items()
    }
