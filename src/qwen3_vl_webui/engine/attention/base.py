"""What the engine asks of an attention backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from qwen3_vl_webui.model.attention import Attention


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """A batch of segments, each the newest tokens of one sequence, those of one token first. Device tensors but for two
    numbers; with a larger `max_query` than need be and slots of -1 for what pads the tokens, they may be static.
    """

    tables: Tensor  # int32 [segments, max_blocks]: block tables
    starts: Tensor  # int32 [segments + 1]: first token of each segment in the batch
    context: Tensor  # int32 [segments]: tokens of the sequence before the segment
    slots: Tensor  # int64 [n]: where each token's key and value go, block * block_size + offset; -1: nowhere
    max_query: int  # tokens of the longest segment
    ones: int  # segments of one token
    replayed: bool = False  # in a CUDA graph: launches cost the host nothing


class AttentionBackend(Protocol):
    """Makes the attention of a batch."""

    name: str
    static: bool  # whether a CUDA graph can capture mixed batches too

    def decode(self, tables: Tensor, lengths: Tensor) -> Attention:
        """For rows of one token each: block tables int32 [n, max_blocks], tokens with the new one int32 [n].

        Reads nothing on the host, so that a CUDA graph can capture it. Length 0 is a row that pads the batch.
        """
        ...

    def mixed(self, batch: Mixed) -> Attention:
        """For any batch."""
        ...
