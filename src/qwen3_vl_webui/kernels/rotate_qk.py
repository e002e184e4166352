"""Turn the queries and keys of a packed qkv product in place: the vision tower's rotary embedding.

qkv [n, 3, heads, d] contiguous; cos and sin [n, d / 2] float32, the same for every head. Number i of a head turns
together with number i + d / 2, in float32; the values stay as they are.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from qwen3_vl_webui.kernels import dependent_launch


def rotate_qk_reference(qkv: Tensor, cos: Tensor, sin: Tensor) -> None:
    """The same with PyTorch's own operations."""
    first, second = qkv[:, :2].float().chunk(2, dim=-1)
    cos, sin = cos[:, None, None], sin[:, None, None]
    qkv[:, :2] = torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1).to(qkv.dtype)


def rotate_qk(qkv: Tensor, cos: Tensor, sin: Tensor, *, dependent: bool = False) -> None:
    """Change `qkv` in place. `dependent`: launched before the kernel ahead has ended, which gives only `qkv`."""
    assert qkv.is_contiguous()
    count, _, heads, width = qkv.shape
    half = width // 2
    assert cos.shape == sin.shape == (count, half)
    assert cos.is_contiguous()
    assert sin.is_contiguous()
    _rotate_qk[(count,)](
        qkv,
        cos,
        sin,
        heads,
        half,
        HEADS=triton.next_power_of_2(2 * heads),
        HALF=triton.next_power_of_2(half),
        DEPENDENT=dependent,
        num_warps=4,
        **dependent_launch.launch_options(dependent),
    )


@triton.jit
def _rotate_qk(  # type: ignore[no-untyped-def]
    qkv, cos, sin, heads, half, HEADS: tl.constexpr, HALF: tl.constexpr, DEPENDENT: tl.constexpr
):
    if DEPENDENT:
        dependent_launch.launch_dependents()
    row = tl.program_id(0).to(tl.int64)
    head = tl.arange(0, HEADS)[:, None]  # queries, then keys: one run of memory
    number = tl.arange(0, HALF)[None, :]
    inside = (head < 2 * heads) & (number < half)
    c = tl.load(cos + row * half + number, mask=number < half, other=0.0)
    s = tl.load(sin + row * half + number, mask=number < half, other=0.0)
    if DEPENDENT:
        dependent_launch.wait()
    low = qkv + row * (6 * heads * half) + head * (2 * half) + number
    first = tl.load(low, mask=inside, other=0.0).to(tl.float32)
    second = tl.load(low + half, mask=inside, other=0.0).to(tl.float32)
    tl.store(low, (first * c - second * s).to(qkv.dtype.element_ty), mask=inside)
    tl.store(low + half, (second * c + first * s).to(qkv.dtype.element_ty), mask=inside)
