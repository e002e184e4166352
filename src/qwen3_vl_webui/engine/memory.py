"""How many KV blocks an engine gets."""

from __future__ import annotations

import psutil
import torch

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL

CPU_SHARE = 0.25  # of the available memory
CPU_MOST = 4 << 30  # bytes
GPU_RESERVE = 0.08  # of the card's memory, for activations and the vision cache's neighbours


def bytes_per_block(config: EngineConfig, model: Qwen3VL) -> int:
    element = torch.empty((), dtype=getattr(torch, config.dtype)).element_size()
    return model.config.text.kv_numbers_per_token * element * config.block_size


def plan_num_blocks(config: EngineConfig, model: Qwen3VL) -> int:
    """Blocks as configured, or as many as the free memory holds; never more than all running sequences could use."""
    if config.num_blocks is not None:
        return config.num_blocks
    context = min(config.max_context, model.config.text.max_positions)
    useful = config.max_running * -(-context // config.block_size)
    size = config.kv_cache_bytes if config.kv_cache_bytes is not None else _free_bytes(config)
    return max(min(size // bytes_per_block(config, model), useful), 1)


def _free_bytes(config: EngineConfig) -> int:
    device = torch.device(config.device)
    if device.type != "cuda":
        return min(int(psutil.virtual_memory().available * CPU_SHARE), CPU_MOST)
    free, total = torch.cuda.mem_get_info(device)
    return max(int(free - GPU_RESERVE * total) - config.vision_cache_bytes, 0)
