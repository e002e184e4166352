"""What enters and leaves the engine: token ids, media, sampling parameters; token chunks, usage, errors.

These are plain messages without behaviour that needs a device, so that they travel between the server's process and the
engine's as msgpack (`msgspec`). Pixels travel beside them in shared memory (`engine.process`).
"""

from __future__ import annotations

from typing import Literal

import msgspec

Edition = Literal["instruct", "thinking"]
FinishReason = Literal["stop", "length", "repetition", "cancelled"]


class SamplingParams(msgspec.Struct, frozen=True, kw_only=True):
    """How to choose tokens. Neutral defaults: what a value of "off" means is said at each field."""

    temperature: float = 1.0  # 0 is greedy
    top_p: float = 1.0  # 1 is off
    top_k: int = 0  # 0 is off
    min_p: float = 0.0  # 0 is off
    presence_penalty: float = 0.0  # on generated tokens, like OpenAI's
    frequency_penalty: float = 0.0  # on generated tokens
    repetition_penalty: float = 1.0  # on prompt and generated tokens, like Hugging Face's; 1 is off
    logit_bias: dict[int, float] = {}
    seed: int | None = None  # None: the engine draws one
    max_tokens: int = 1024
    min_tokens: int = 0  # no stop token is sampled before
    stop_token_ids: tuple[int, ...] = ()  # beside the checkpoint's own
    ignore_eos: bool = False
    logprobs: int | None = None  # None: none; k: the sampled token's and the k most likely
    n: int = 1  # samples; they share the prompt's blocks
    stop_repetition: bool = False  # end with the reason "repetition" when the answer loops
    grammar: str | None = None  # an llguidance grammar (JSON text, as its serialised form)
    grammar_after: int | None = None  # the grammar binds only after this token (`</think>`)


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A run of visual tokens in the prompt: one picture, or one temporal group of a video."""

    start: int  # index of the first visual token
    length: int  # visual tokens, h/merge * w/merge


class Pixels(msgspec.Struct, frozen=True, kw_only=True):
    """Where the frames of one medium lie: uint8, [frames, height, width, 3]. What has not the size of its grid is
    resized by the engine.
    """

    name: str  # of the shared memory; "" when the receiver was handed the array itself
    shape: tuple[int, int, int, int]


class MediaInput(msgspec.Struct, frozen=True, kw_only=True):
    """One picture or video of a prompt."""

    key: str  # hash of its bytes and of every option that changes its features
    grid: tuple[int, int, int]  # temporal groups, patch rows, patch columns (before the 2x2 merge)
    spans: tuple[Span, ...]  # one for a picture, `grid[0]` for a video
    pixels: Pixels


class EngineRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt. `positions` holds the three MRoPE axes of the prompt; decoding is at index + `position_delta`."""

    request_id: str
    edition: Edition
    token_ids: list[int]
    positions: bytes  # int32, [3, len(token_ids)], C order
    position_delta: int
    media: tuple[MediaInput, ...] = ()
    sampling: SamplingParams = SamplingParams()
    cache_salt: str = ""  # prompts share cached blocks only within one salt


class TokenLogprob(msgspec.Struct, frozen=True, array_like=True):
    """Log-probability of a token, with the most likely ones as (token, logprob), best first."""

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one request. `completion_tokens` sums all samples."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int  # of the prompt, found in the prefix cache
    visual_tokens: int


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds in the engine."""

    queued: float  # from arrival to the first scheduled chunk
    first_token: float  # from arrival to the first token
    total: float  # from arrival to the end


class Tokens(msgspec.Struct, frozen=True, kw_only=True, tag="tokens"):
    """New tokens of one sample. The stop token is never among them. The last message of a request carries usage and
    timings.
    """

    request_id: str
    index: int = 0
    token_ids: list[int] = []
    logprobs: list[TokenLogprob] | None = None
    cached_tokens: int = 0  # of the prompt; here too, for a reader that leaves before the message with the usage
    finish_reason: FinishReason | None = None
    usage: Usage | None = None  # set on the message that ends the whole request
    timings: Timings | None = None  # likewise


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The request ended in an error of `errors`: the class by name, its code and details."""

    request_id: str
    error: str  # class name in `errors`
    code: str
    field: str | None = None
    retry_after: float | None = None
    details: dict[str, str | int | float | tuple[str, str]] = {}  # a pair is `errors.Words`


EngineOutput = Tokens | Failed


class EngineStats(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of one edition's engine for `/metrics`, `/ready` and the page."""

    waiting: int
    running: int
    steps: int  # forward progress: grows with every step
    blocks_total: int
    blocks_free: int  # cached but unreferenced blocks count as free
    prefix_hit_tokens: int
    prefix_query_tokens: int
    vision_hits: int
    vision_misses: int
    preemptions: int
    generated_tokens: int
    prompt_tokens: int
