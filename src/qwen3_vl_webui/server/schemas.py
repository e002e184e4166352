"""What the HTTP API accepts: the fields of OpenAI's chat completions that work here, and ours beside them.

Unknown fields are errors. Fields that OpenAI knows and this server cannot honour are errors too, unless they hold a
value that asks for nothing (`NEUTRAL`): nothing accepted is ignored. Numbers are strict: "0.7" is no number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from qwen3_vl_webui.errors import InvalidRequest, Words, Wrong, words
from qwen3_vl_webui.server.refused import NEUTRAL, REFUSED

SEEDS = 2**63  # any 64-bit integer
NAME = r"^[a-zA-Z0-9_-]{1,64}$"


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=(), hide_input_in_errors=True)


def refuse(field: str) -> ValueError:
    """An error for a pydantic validator that keeps our code and field (see `errors.from_validation`)."""
    error = ValueError(field)
    error.__cause__ = InvalidRequest("field_not_supported", field=field, reason=Words(*REFUSED[field]))
    return error


def invalid(field: str, code: str, **facts: object) -> ValueError:
    error = ValueError(field)
    error.__cause__ = InvalidRequest("field_invalid", field=field, reason=words(code, **facts))
    return error


def by(key: str, **names: str) -> Discriminator:
    """Chooses a branch of a union by the string at `key`, so that errors speak of that branch alone."""

    def choose(value: Any) -> str | None:
        found = value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)
        return names.get(found) if isinstance(found, str) else None

    # The facts for `errors.reason_of`, which makes the sentence. (A context of its own could not be hashed.)
    return Discriminator(choose, custom_error_type="union", custom_error_message=f"{key}={', '.join(names)}")


def string_or(other: str, kind: type, error: str) -> Discriminator:
    """A string or a `kind`, the branch `other`; what is neither gets the reason `error`."""

    def choose(value: Any) -> str | None:
        if isinstance(value, str):
            return "~string"
        return other if isinstance(value, (kind, Model)) else None

    return Discriminator(choose, custom_error_type=error, custom_error_message=error)


class ImageURL(Model):
    url: str = Field(min_length=1, description="http(s) URL, data URI, or a path inside an allowed folder")
    detail: Literal["auto", "low", "high"] = Field(
        "auto", description="low: at most 512x512 pixels; auto and high: the budget of the request or the checkpoint"
    )


class VideoURL(Model):
    url: str = Field(min_length=1, description="http(s) URL, data URI, or a path inside an allowed folder")


class PixelBudget(Model):
    # What these, `fps` and `max_frames` may be, the server and the checkpoint decide: `processing.sizes` checks them.
    min_pixels: int | None = Field(None, description="grow smaller pictures to this area")
    max_pixels: int | None = Field(None, description="shrink larger pictures to this area; at most: see /api/status")

    @model_validator(mode="after")
    def _ordered(self) -> PixelBudget:
        if self.min_pixels and self.max_pixels and self.min_pixels > self.max_pixels:
            raise Wrong("above", one="min_pixels", other="max_pixels")
        return self


class TextContent(Model):
    type: Literal["text"]
    text: str


class ImageContent(PixelBudget):
    type: Literal["image_url"]
    image_url: ImageURL


class VideoContent(PixelBudget):
    """A video; pixels are over all its frames, times in seconds."""

    type: Literal["video_url"]
    video_url: VideoURL
    fps: float | None = Field(None, description="frames sampled a second; at most: see /api/status")
    max_frames: int | None = Field(None, description="frames taken of it; at most: see /api/status")
    start: float | None = Field(None, ge=0, description="begin of the clip, seconds")
    end: float | None = Field(None, gt=0, description="end of the clip, seconds")

    @model_validator(mode="after")
    def _clip(self) -> VideoContent:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise Wrong("not_before", one="start", other="end")
        return self


TextOnly = Annotated[str, Tag("~string")] | Annotated[list[TextContent], Tag("~parts")]
ContentPart = Annotated[
    Annotated[TextContent, Tag("~text")]
    | Annotated[ImageContent, Tag("~image")]
    | Annotated[VideoContent, Tag("~video")],
    by("type", text="~text", image_url="~image", video_url="~video"),
]
Content = Annotated[
    Annotated[str, Tag("~string")] | Annotated[list[ContentPart], Tag("~parts"), Field(min_length=1)],
    string_or("~parts", list, "string_or_parts"),
]
Text = Annotated[TextOnly, string_or("~parts", list, "string_or_parts")]
Stop = Annotated[
    Annotated[str, Tag("~string")] | Annotated[list[str], Tag("~list")], string_or("~list", list, "string_or_strings")
]


class FunctionCall(Model):
    name: str = Field(min_length=1, max_length=256)
    arguments: str = Field(description="JSON text")


class ToolCallMessage(Model):
    id: str = Field(min_length=1, max_length=256)
    type: Literal["function"] = "function"
    function: FunctionCall
    index: int | None = None


class SpokenMessage(Model):
    name: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        pattern=r"^[^\s<|\\/>]+$",
        description="who speaks; shown to the model where turns of one role have different names",
    )


class SystemMessage(SpokenMessage):
    role: Literal["system", "developer"]
    content: Text


class UserMessage(SpokenMessage):
    role: Literal["user"]
    content: Content


class AssistantMessage(SpokenMessage):
    """An earlier answer, in the very shape this server gave it."""

    role: Literal["assistant"]
    content: Text | None = None
    reasoning_content: str | None = Field(None, description="the checkpoint's template decides whether it is kept")
    tool_calls: list[ToolCallMessage] | None = None
    refusal: None = None
    annotations: list[None] | None = Field(None, max_length=0)
    audio: None = None
    function_call: None = None

    @model_validator(mode="after")
    def _says_something(self) -> AssistantMessage:
        if self.content is None and not self.tool_calls:
            raise Wrong("says_nothing")
        return self


class ToolMessage(Model):
    role: Literal["tool"]
    content: Content
    tool_call_id: str = Field(min_length=1, max_length=256)
    name: str | None = Field(None, description="the function that was called; another name is an error")


ChatMessage = Annotated[
    Annotated[SystemMessage, Tag("~system")]
    | Annotated[UserMessage, Tag("~user")]
    | Annotated[AssistantMessage, Tag("~assistant")]
    | Annotated[ToolMessage, Tag("~tool")],
    by("role", system="~system", developer="~system", user="~user", assistant="~assistant", tool="~tool"),
]


class Function(Model):
    name: str = Field(pattern=NAME)
    description: str | None = None
    parameters: dict[str, Any] | None = Field(None, description="JSON schema of the arguments")
    strict: bool | None = Field(None, description="hold the arguments to the schema also when the model may choose")


class Tool(Model):
    type: Literal["function"]
    function: Function


class FunctionName(Model):
    name: str = Field(pattern=NAME)


class NamedToolChoice(Model):
    type: Literal["function"]
    function: FunctionName


ToolChoice = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag("~string")] | Annotated[NamedToolChoice, Tag("~named")],
    string_or("~named", dict, "string_or_object"),
]


class JsonSchema(Model):
    name: str = Field(pattern=NAME)
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = Field(None, description="the answer is held to the schema either way")


class TextFormat(Model):
    type: Literal["text"]


class JsonObjectFormat(Model):
    type: Literal["json_object"]


class JsonSchemaFormat(Model):
    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Annotated[
    Annotated[TextFormat, Tag("~text")]
    | Annotated[JsonObjectFormat, Tag("~object")]
    | Annotated[JsonSchemaFormat, Tag("~schema")],
    by("type", text="~text", json_object="~object", json_schema="~schema"),
]


class StreamOptions(Model):
    include_usage: bool = Field(False, description="end with a chunk that carries the usage")
    include_obfuscation: Literal[False] | None = None


class ChatCompletionRequest(PixelBudget):
    """`POST /v1/chat/completions`. A field left out or null takes the checkpoint's default."""

    model: str = Field("instruct", max_length=512, description="instruct, thinking, or a full name of /v1/models")
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool | None = False
    stream_options: StreamOptions | None = None

    temperature: float | None = Field(None, ge=0, le=2, description="0 is greedy")
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=-1, le=2**31 - 1, description="0 or -1: off")
    min_p: float | None = Field(None, ge=0, le=1)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    repetition_penalty: float | None = Field(None, ge=0.01, le=10)  # below it logits are no numbers any more
    logit_bias: dict[str, float] | None = Field(None, description="-100 to 100 by token id")
    seed: int | None = Field(None, ge=-SEEDS, le=SEEDS - 1)
    n: int | None = Field(None, description="answers; at most: see /api/status")
    max_tokens: int | None = Field(None, description="longest answer; at most: see /api/status")
    max_completion_tokens: int | None = Field(None, description="the same")
    min_tokens: int | None = Field(None, ge=0, description="at most max_tokens")
    stop: Stop | None = None
    stop_token_ids: list[int] | None = Field(None, max_length=256)
    ignore_eos: bool | None = None
    stop_repetition: bool | None = Field(None, description="end with finish_reason repetition when the answer loops")
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)

    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    modalities: list[Literal["text"]] | None = None

    fps: float | None = Field(None, description="frames a second of videos that do not say")
    max_frames: int | None = Field(None, description="frames of videos that do not say")
    add_vision_id: bool | None = Field(None, description='write "Picture 1: " before each picture')
    user: str | None = Field(None, max_length=512, description="cached prompts are shared within one user only")
    cache_salt: str | None = Field(None, max_length=512, description="cached prompts are shared within one salt only")
    prompt_cache_key: str | None = Field(None, max_length=512, description="as cache_salt")

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        kept = {}
        for name, value in values.items():
            if name not in REFUSED:
                kept[name] = value
                continue
            neutral = NEUTRAL.get(name, ())
            if value is not None and not any(value == one and type(value) is type(one) for one in neutral):
                raise refuse(name)
        return kept

    @field_validator("logit_bias")
    @classmethod
    def _bias(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        for token, bias in (value or {}).items():
            if not (token.isascii() and token.isdigit() and len(token) < 10):
                raise invalid("logit_bias", "token_id", token=repr(token[:32]))
            if not -100 <= bias <= 100 or math.isnan(bias):
                raise invalid(f"logit_bias.{token}", "bias_range")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> ChatCompletionRequest:
        if self.stream_options is not None and not self.stream:
            raise invalid("stream_options", "needs_true", other="stream")
        if self.top_logprobs is not None and not self.logprobs:
            raise invalid("top_logprobs", "needs_true", other="logprobs")
        if self.max_tokens and self.max_completion_tokens and self.max_tokens != self.max_completion_tokens:
            raise invalid("max_tokens", "differs", other="max_completion_tokens")
        if self.tool_choice is not None and self.tool_choice != "none" and not self.tools:
            raise invalid("tool_choice", "needs", other="tools")
        if self.parallel_tool_calls is not None and not self.tools:
            raise invalid("parallel_tool_calls", "needs", other="tools")
        names = [tool.function.name for tool in self.tools or ()]
        if len(set(names)) != len(names):
            raise invalid("tools", "same_name")
        if isinstance(self.tool_choice, NamedToolChoice) and self.tool_choice.function.name not in names:
            raise invalid("tool_choice.function.name", "not_a_function")
        return self


class TokenizeRequest(Model):
    """`POST /tokenize`: the tokens of a text, or of a chat as the model would get it."""

    model: str = Field("instruct", max_length=512)
    prompt: str | None = None
    messages: list[ChatMessage] | None = Field(None, min_length=1)
    tools: list[Tool] | None = None

    @model_validator(mode="after")
    def _one(self) -> TokenizeRequest:
        if (self.prompt is None) == (self.messages is None):
            raise invalid("prompt", "either", one="prompt", other="messages")
        if self.tools is not None and self.messages is None:
            raise invalid("tools", "needs", other="messages")
        return self


class PredictRequest(Model):
    """`POST /api/predict`: `data` is [prompt, image, mode, temperature, top_p, max_tokens]; only the prompt must be."""

    data: list[Any] = Field(min_length=1, max_length=6)
