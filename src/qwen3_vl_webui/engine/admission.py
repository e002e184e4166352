"""Check a request against what this engine can do, and turn it into a group.

The edge has checked the fields' own ranges; what could break a batch or can never be served is refused here.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from qwen3_vl_webui.engine.request import EngineRequest, SamplingParams
from qwen3_vl_webui.engine.sequence import Group, VisualSpan
from qwen3_vl_webui.errors import InvalidRequest, Words, words
from qwen3_vl_webui.model.config import ModelConfig


def make_group(
    request: EngineRequest,
    pixels: Mapping[str, Tensor],
    *,
    config: ModelConfig,
    max_context: int,
    max_running: int,
    now: float,
) -> Group:
    """The group of a request. Raises InvalidRequest for one that could never be served."""
    sampling, length = request.sampling, len(request.token_ids)
    if length >= max_context:
        raise InvalidRequest(
            "context_too_long", field="messages", prompt_tokens=length, limit=max_context - 1, context=max_context
        )
    prompt = np.array(request.token_ids, dtype=np.int64)
    if length == 0 or prompt.min() < 0 or prompt.max() >= config.text.vocab_size:
        raise _invalid("token_ids", f"the prompt needs tokens below {config.text.vocab_size}")
    if len(request.positions) != 12 * length:
        raise _invalid("positions", f"{len(request.positions)} bytes for {length} tokens")
    _check_sampling(sampling, config.text.vocab_size, max_running)
    # A grammar ends with the checkpoint's own stop token: there it cannot be ignored.
    ends = () if sampling.ignore_eos and sampling.grammar is None else config.eos_token_ids
    return Group(
        request=request,
        prompt=prompt,
        positions=np.frombuffer(request.positions, dtype=np.int32).reshape(3, length).astype(np.int64),
        spans=_spans(request, pixels, config, length),
        pixels=pixels,
        max_tokens=min(sampling.max_tokens, max_context - length),
        stop_ids=frozenset(sampling.stop_token_ids) | frozenset(ends),
        seed=sampling.seed if sampling.seed is not None else secrets.randbits(63),
        arrived=now,
    )


def _check_sampling(sampling: SamplingParams, vocab_size: int, max_running: int) -> None:
    for field, value, minimum, maximum in (
        ("n", sampling.n, 1, max_running),
        ("max_tokens", sampling.max_tokens, 1, None),
        ("min_tokens", sampling.min_tokens, 0, sampling.max_tokens),
        ("temperature", sampling.temperature, 0, None),
        ("top_p", sampling.top_p, 0, 1),
        ("top_k", sampling.top_k, 0, None),
        ("min_p", sampling.min_p, 0, 1),
        ("logprobs", sampling.logprobs or 0, 0, vocab_size),
    ):
        if not (minimum <= value and (maximum is None or value <= maximum)):
            raise InvalidRequest(
                "value_out_of_range",
                field=field,
                minimum=minimum,
                maximum="∞" if maximum is None else maximum,
                value=value,
            )
    if not sampling.repetition_penalty > 0:
        raise _invalid("repetition_penalty", words("greater_than", gt=0))
    for field, ids in (
        ("logit_bias", sampling.logit_bias),
        ("stop_token_ids", sampling.stop_token_ids),
        ("grammar_after", () if sampling.grammar_after is None else (sampling.grammar_after,)),
    ):
        if any(not 0 <= token < vocab_size for token in ids):
            raise _invalid(field, words("token_ids", last=vocab_size - 1))


def _spans(request: EngineRequest, pixels: Mapping[str, Tensor], config: ModelConfig, length: int) -> list[VisualSpan]:
    """The visual spans in order, after checking that pixels, grids and tokens agree."""
    vision = config.vision
    spans = []
    for medium in request.media:
        groups, rows, columns = medium.grid
        if medium.key not in pixels:
            raise _invalid("media", f"no pixels came with {medium.key}")
        frames = pixels[medium.key]
        merge = vision.spatial_merge_size
        shape, depth = tuple(frames.shape), vision.in_channels
        if frames.dtype != torch.uint8 or shape != medium.pixels.shape or 0 in shape or shape[3:] != (depth,):
            raise _invalid("media", f"pixels {shape} {frames.dtype} are not what {medium.pixels.shape} says")
        fits = min(rows, columns) > 0 and rows % merge == columns % merge == 0
        if not fits or -(-frames.shape[0] // vision.temporal_patch_size) != groups:
            raise _invalid("media", f"{frames.shape[0]} frames do not fit the grid {medium.grid}")
        tokens = (rows // merge) * (columns // merge)
        if len(medium.spans) != groups or any(span.length != tokens for span in medium.spans):
            raise _invalid("media", f"the visual tokens do not fit the grid {medium.grid}")
        spans += [
            VisualSpan(start=span.start, length=span.length, key=(medium.key, group), grid=(rows, columns))
            for group, span in enumerate(medium.spans)
        ]
    spans.sort(key=lambda span: span.start)
    ends = [0, *(span.end for span in spans)]
    if any(span.start < end for span, end in zip(spans, ends, strict=False)) or ends[-1] > length:
        raise _invalid("media", "the visual tokens overlap or lie outside of the prompt")
    return spans


def _invalid(field: str, reason: Words | str) -> InvalidRequest:
    return InvalidRequest("field_invalid", field=field, reason=reason)
