"""The one tree of errors. Every request ends in a result or in one of these.

An error carries a stable `code`, the `field` at fault and the facts its sentence needs (a limit, a value). The sentence
itself lives in `texts.ERRORS`, in English and Chinese, so that the edge (HTTP, page, command line) can say it in the
caller's language; raising a code that the catalogue lacks is a bug and fails at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

from qwen3_vl_webui.texts import ERRORS, REASONS

Language = Literal["en", "zh"]


class Words(NamedTuple):
    """A part of a sentence in both languages; as a detail of an error it appears in the caller's."""

    english: str
    chinese: str


def words(code: str, **facts: object) -> Words:
    """A reason of `texts.REASONS`."""
    english, chinese = REASONS[code]
    facts = {name: _plain(fact) for name, fact in facts.items()}
    return Words(english.format(**facts), chinese.format(**facts))


class Wrong(ValueError):
    """What a pydantic validator raises: a reason of `texts.REASONS`."""

    def __init__(self, code: str, **facts: object) -> None:
        self.words = words(code, **facts)
        super().__init__(self.words.english)


def reason_of(problem: Mapping[str, Any]) -> Words | str:
    """Why pydantic refuses a value, from one of its findings."""
    facts = problem.get("ctx", {})
    if isinstance(wrong := facts.get("error"), Wrong):
        return wrong.words
    if problem["type"] == "literal_error":
        found = words("literal_error", expected=facts["expected"])
        return found._replace(chinese=found.chinese.replace(" or ", "、").replace(", ", "、"))
    if problem["type"] == "union":
        key, _, expected = problem["msg"].partition("=")
        return words("union", key=key, expected=expected)
    if problem["type"] in ("too_short", "string_too_short") and facts["min_length"] == 1:
        return words("empty")
    return words(problem["type"], **facts) if problem["type"] in REASONS else str(problem["msg"])


def _plain(value: object) -> object:
    """30 and not 30.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class WebUIError(Exception):
    """Base of all errors. `status` is the HTTP status, `type` the OpenAI error type."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"

    def __init__(
        self, code: str, *, field: str | None = None, retry_after: float | None = None, **details: object
    ) -> None:
        self.code = code
        self.field = field
        self.named: str | None = None  # what a person calls the field, where its path does not say
        self.retry_after = retry_after  # seconds, for 429 and 503
        self.details = details
        super().__init__(self.message("en"))

    def message(self, language: Language) -> str:
        """The sentence for a person, with the field and the limit filled in."""
        english, chinese = ERRORS[self.code]
        template = chinese if language == "zh" else english
        details = {
            name: value[language == "zh"] if isinstance(value, Words) else _plain(value)
            for name, value in self.details.items()
        }
        field = self.named or self.field or ""
        return template.format(**{"field": field, "retry_after": self.retry_after, **details})


class InvalidRequest(WebUIError):
    """The request is wrong and sending it again will not help (400)."""

    status = 400
    type = "invalid_request_error"


class Unauthorized(WebUIError):
    """No API key, or a wrong one (401)."""

    status = 401
    type = "authentication_error"


class Forbidden(WebUIError):
    """A Host, Origin, path or address that is not allowed (403)."""

    status = 403
    type = "permission_error"


class NotFound(WebUIError):
    """No such model, conversation, message or medium (404)."""

    status = 404
    type = "not_found_error"


class TooLarge(WebUIError):
    """A body, picture or video above its limit (413)."""

    status = 413
    type = "invalid_request_error"


class QueueFull(WebUIError):
    """The engine's queue is full; `retry_after` says when to come back (429)."""

    status = 429
    type = "rate_limit_error"


class EngineUnavailable(WebUIError):
    """The engine is loading, restarting, shutting down, or died under this request (503)."""

    status = 503
    type = "service_unavailable_error"


class EngineFailure(WebUIError):
    """The engine failed on this request alone (500)."""


class StorageFailure(WebUIError):
    """The data folder cannot be written: a full disk, a folder that became read-only (507)."""

    status = 507


class CheckpointError(WebUIError):
    """A checkpoint that cannot be served: a missing, extra or wrongly shaped tensor, an unknown configuration."""


class ConfigError(WebUIError):
    """A flag, variable or TOML key that is unknown or has an impossible value."""

    status = 400
    type = "invalid_request_error"
