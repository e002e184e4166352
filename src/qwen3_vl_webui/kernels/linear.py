"""A matrix product with a bias: `F.linear`, or oneDNN with weights packed in its own blocked layout on the CPU.

While decoding, a CPU reads every weight once per step, and bandwidth is all that counts. `F.linear` in bfloat16 hands
oneDNN a plain row-major matrix, which it reads at about 60% of the speed of a packed one. Packing costs one copy of a
weight and makes it opaque, so it is an explicit step for inference (`pack`); training and GPUs use the plain path.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def can_pack(weight: Tensor) -> bool:
    """Whether oneDNN has a packed product for this weight: bfloat16, on a CPU that can multiply it."""
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.bfloat16
        and torch.backends.mkldnn.is_available()
        and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    )


def pack_weight(weight: Tensor) -> Tensor:
    """Copy a [out, in] weight into oneDNN's layout for its processor; only `packed_linear` can read the result."""
    return torch.ops.mkldnn._reorder_linear_weight(weight.detach())


def packed_linear(x: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    """[..., in] times a packed weight plus bias: `F.linear` on the weight that was packed."""
    return torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")


class Linear(nn.Module):
    """`nn.Linear` whose weight can be packed for inference; uninitialised until a loader or trainer fills it."""

    weight: nn.Parameter  # [out, in]; gone after `pack`
    bias: nn.Parameter | None

    def __init__(self, in_features: int, out_features: int, *, bias: bool) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.register_parameter("bias", nn.Parameter(torch.empty(out_features)) if bias else None)
        self.packed: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """[..., in_features] -> [..., out_features], in the weight's dtype."""
        if self.packed is not None:
            return packed_linear(x, self.packed, self.bias)
        return F.linear(x, self.weight, self.bias)

    def pack(self) -> None:
        """Pack the weight when this device and dtype gain from it, and let go of the plain one. Inference only."""
        if self.packed is None and can_pack(self.weight):
            self.packed = pack_weight(self.weight)
            del self.weight

    def extra_repr(self) -> str:
        return (
            f"{self.in_features}, {self.out_features}, bias={self.bias is not None}, packed={self.packed is not None}"
        )
