"""How many KV blocks an engine gets: the only place where that is decided.

On a CPU it is a share of what the loaded model leaves of the available memory, on an accelerator all of it, after a
profile run and after what attention gathers while it decodes. What editions that are still to come will need is left
alone (`reserved_bytes`, `kv_share`: `engine.residency`).
"""

from __future__ import annotations

import torch

from qwen3_vl_webui.available_memory import available_memory
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.encoder import replay_bytes
from qwen3_vl_webui.engine.footprint import CPU_SHARE, LARGEST_PICTURE
from qwen3_vl_webui.engine.graphs import PROMPT_SIZES, decode_sizes
from qwen3_vl_webui.kernels.paged_attention import PADDING
from qwen3_vl_webui.model.attention import DenseAttention
from qwen3_vl_webui.model.config import TextConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL

CPU_MOST = 4 << 30  # bytes
GPU_MARGIN = 512 << 20  # bytes left alone: fragmentation, other users of the card
PROFILE_MARGIN = 1.2  # a real batch may need more than the profiled one
VISUAL_LEVELS = 4  # of all published models: the features themselves and DeepStack's
LEAST_TOKENS = 1024  # a planned cache that holds fewer is no use


def bytes_per_block(config: EngineConfig, text: TextConfig) -> int:
    """Bytes that one block takes in all layers."""
    element = torch.empty((), dtype=getattr(torch, config.dtype)).element_size()
    return text.kv_numbers_per_token * element * config.block_size


def plan_num_blocks(config: EngineConfig, model: Qwen3VL) -> int:
    """Blocks as configured, or as many as the free memory holds; never more than all running sequences could use.

    Raises MemoryError when the free memory holds no cache worth having.
    """
    text = model.config.text
    if config.num_blocks is not None:
        return config.num_blocks
    if config.kv_cache_bytes is not None:
        return max(min(config.kv_cache_bytes // bytes_per_block(config, text), _useful_blocks(config, text)), 1)
    device = torch.device(config.device)
    if device.type != "cuda":
        return blocks_on_cpu(config, text, available_memory().free)
    activations = _activation_bytes(config, model, device)
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    free -= replay_bytes(model.config.vision, getattr(torch, config.dtype).itemsize)
    return blocks_on_gpu(config, text, free, activations)


def blocks_on_cpu(config: EngineConfig, text: TextConfig, available: int) -> int:
    """Blocks in a share of what is available once this model is loaded."""
    spoken_for = config.reserved_bytes + config.vision_cache_bytes
    size = min(int((available - spoken_for) * CPU_SHARE * config.kv_share), CPU_MOST)
    return _worth_having(config, min(size // bytes_per_block(config, text), _useful_blocks(config, text)), available)


def blocks_on_gpu(config: EngineConfig, text: TextConfig, free: int, activations: int) -> int:
    """Blocks in what is free once this model is loaded. `activations`: bytes that a step was seen to need."""
    spoken_for = config.reserved_bytes + int(activations * PROFILE_MARGIN) + config.vision_cache_bytes + GPU_MARGIN
    spoken_for += _graph_bytes(config, text)
    left = int((free - spoken_for) * config.kv_share)
    gathered = 1 + PADDING / text.num_layers  # decoding copies the keys and values of one layer at a time
    blocks = min(int(left / (bytes_per_block(config, text) * gathered)), _useful_blocks(config, text))
    return _worth_having(config, blocks, free)


def _graph_bytes(config: EngineConfig, text: TextConfig) -> int:
    """What captured steps keep: those of decoding each their logits in float32, all prompts together what the largest
    is computed in (the products' results of a layer, the residual and its norm) and the features of pictures.
    """
    element = torch.empty((), dtype=getattr(torch, config.dtype)).element_size()
    heads = 2 * (text.num_heads + text.num_kv_heads) * text.head_dim
    inside = heads + 3 * text.intermediate_size + 2 * text.hidden_size
    token = element * (inside + VISUAL_LEVELS * text.hidden_size)
    return 4 * text.vocab_size * sum(decode_sizes(config.max_running)) + PROMPT_SIZES[-1] * token


def _worth_having(config: EngineConfig, blocks: int, free: int) -> int:
    if blocks * config.block_size < min(LEAST_TOKENS, config.max_context):
        reserved = (
            f", {config.reserved_bytes / 1e9:.1f} GB of them for another edition" if config.reserved_bytes else ""
        )
        raise MemoryError(f"{free / 1e9:.1f} GB are free beside the weights{reserved}: too little for a KV cache")
    return blocks


def _useful_blocks(config: EngineConfig, text: TextConfig) -> int:
    context = min(config.max_context, text.max_positions)
    return config.max_running * -(-context // config.block_size)


@torch.inference_mode()
def _activation_bytes(config: EngineConfig, model: Qwen3VL, device: torch.device) -> int:
    """Peak memory above the weights: the largest picture, or a step's token budget and its sampling."""
    vision, dtype = model.config.vision, model.visual.pos_embed.weight.dtype
    merge = vision.spatial_merge_size
    side = max(int(config.largest_step**0.5), 1)  # visual tokens
    grid = (1, side * merge, side * merge)
    patches = torch.zeros(grid[1] * grid[2], vision.patch_dim, dtype=dtype, device=device)
    with _Peak(device) as peak:
        model.encode(patches, [grid])
    # Proportional to the patches. The largest picture itself is not run: its attention alone would take seconds.
    largest = max(min(LARGEST_PICTURE, config.max_context), config.largest_step)
    encoding = int((peak.bytes + patches.nbytes) * largest / side**2)
    del patches
    count = config.largest_step
    tokens = torch.zeros(count, dtype=torch.int64, device=device)
    positions = torch.arange(count, device=device).expand(3, -1)
    with _Peak(device) as peak:
        logits = model.logits(model(tokens, positions, DenseAttention([count]))[: config.max_running])
        logits.softmax(-1).sort(-1)
    return max(encoding, peak.bytes)


class _Peak:
    """`bytes`: how far the allocated memory of a device rose within the block."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.bytes = 0

    def __enter__(self) -> _Peak:
        torch.cuda.reset_peak_memory_stats(self.device)
        self._base = torch.cuda.memory_allocated(self.device)
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = torch.cuda.max_memory_allocated(self.device) - self._base
