"""How many KV blocks an engine gets."""

from __future__ import annotations

import psutil
import torch

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.model.attention import DenseAttention
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL

CPU_SHARE = 0.25  # of the available memory
CPU_MOST = 4 << 30  # bytes
GPU_MARGIN = 512 << 20  # bytes left alone: fragmentation, other users of the card
PROFILE_MARGIN = 1.2  # a real batch may need more than the profiled one


def bytes_per_block(config: EngineConfig, model: Qwen3VL) -> int:
    """Bytes that one block takes in all layers."""
    element = torch.empty((), dtype=getattr(torch, config.dtype)).element_size()
    return model.config.text.kv_numbers_per_token * element * config.block_size


def plan_num_blocks(config: EngineConfig, model: Qwen3VL) -> int:
    """Blocks as configured, or as many as the free memory holds; never more than all running sequences could use."""
    if config.num_blocks is not None:
        return config.num_blocks
    context = min(config.max_context, model.config.text.max_positions)
    useful = config.max_running * -(-context // config.block_size)
    size = config.kv_cache_bytes if config.kv_cache_bytes is not None else _free_bytes(config, model)
    return max(min(size // bytes_per_block(config, model), useful), 1)


def _free_bytes(config: EngineConfig, model: Qwen3VL) -> int:
    device = torch.device(config.device)
    if device.type != "cuda":
        return min(int(psutil.virtual_memory().available * CPU_SHARE), CPU_MOST)
    activations = _activation_bytes(config, model, device)
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    return max(free - int(activations * PROFILE_MARGIN) - config.vision_cache_bytes - GPU_MARGIN, 0)


@torch.inference_mode()
def _activation_bytes(config: EngineConfig, model: Qwen3VL, device: torch.device) -> int:
    """Peak memory above the weights: pictures of the whole token budget, then as many tokens, then sampling."""
    vision, dtype = model.config.vision, getattr(torch, config.dtype)
    torch.cuda.reset_peak_memory_stats(device)
    base = torch.cuda.memory_allocated(device)
    side = 2 * max(int((config.max_batch_tokens) ** 0.5), 1)  # patches
    merge = vision.spatial_merge_size
    side = max(side // merge, 1) * merge
    model.encode(torch.zeros(side * side, vision.patch_dim, dtype=dtype, device=device), [(1, side, side)])
    count = config.max_batch_tokens
    tokens = torch.zeros(count, dtype=torch.int64, device=device)
    positions = torch.arange(count, device=device).expand(3, -1)
    hidden = model(tokens, positions, DenseAttention([count]))
    logits = model.logits(hidden[: config.max_running])
    logits.float().softmax(-1).sort(-1)
    return torch.cuda.max_memory_allocated(device) - base
