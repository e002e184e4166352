"""The messages that end a request."""

from __future__ import annotations

from qwen3_vl_webui.engine.request import EngineOutput, Failed, Timings, Tokens, Usage
from qwen3_vl_webui.engine.sequence import Group
from qwen3_vl_webui.errors import EngineFailure, WebUIError

MAX_REASON = 300  # characters of a foreign exception's text


def usage(group: Group) -> Usage:
    """What a request used, once all its samples ended. Stop tokens are not counted: they are not sent either."""
    return Usage(
        prompt_tokens=len(group.prompt),
        completion_tokens=group.finished_tokens,
        cached_tokens=group.cached_tokens,
        visual_tokens=group.visual_tokens,
    )


def timings(group: Group, now: float) -> Timings:
    """Seconds from the request's arrival; what was never reached counts up to now."""
    return Timings(
        queued=(group.scheduled or now) - group.arrived,
        first_token=(group.first_token or now) - group.arrived,
        total=now - group.arrived,
    )


def cancelled(group: Group, samples: list[int], now: float) -> list[EngineOutput]:
    """The last message of each sample that was still open."""
    name = group.request.request_id
    return [
        Tokens(
            request_id=name,
            index=index,
            finish_reason="cancelled",
            usage=usage(group) if index == samples[-1] else None,
            timings=timings(group, now) if index == samples[-1] else None,
        )
        for index in samples
    ]


def failure(group: Group, error: Exception) -> Failed:
    """A request's end in an error of our tree, or in a foreign one."""
    if not isinstance(error, WebUIError):
        error = EngineFailure("engine_failed", reason=f"{type(error).__name__}: {error}"[:MAX_REASON])
    return Failed(
        request_id=group.request.request_id,
        error=type(error).__name__,
        code=error.code,
        field=error.field,
        retry_after=error.retry_after,
        details={key: value if isinstance(value, int | float) else str(value) for key, value in error.details.items()},
    )
