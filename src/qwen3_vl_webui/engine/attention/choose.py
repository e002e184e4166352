"""Which backend computes attention: the one that was asked for, or the fastest that passes a check of its results.

A kernel that is wrong or does not run on a device (a driver or a Triton that does not fit) thus costs speed, not
answers.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import torch

from qwen3_vl_webui.engine.attention.base import AttentionBackend
from qwen3_vl_webui.engine.attention.torch_backend import TorchBackend
from qwen3_vl_webui.engine.kv_cache import KVCache
from qwen3_vl_webui.errors import ConfigError, Words, words

if TYPE_CHECKING:
    from qwen3_vl_webui.engine.attention.triton_backend import TritonBackend

logger = logging.getLogger(__name__)

Kernels = Literal["triton", "flash-attn"]
Wanted = Literal["auto", "torch"] | Kernels

KERNELS: tuple[Kernels, ...] = ("triton", "flash-attn")
FLASH_ATTN_BLOCK = 256  # its paged form takes blocks of a multiple of so many tokens
TOLERANCE = 0.03  # of the largest value: bfloat16 keeps 8 bits


def choose_backend(wanted: Wanted, cache: KVCache, *, num_heads: int, max_running: int) -> AttentionBackend:
    """A backend for this cache. Raises ConfigError if the one that was asked for cannot be used."""
    if wanted == "torch":
        return TorchBackend(cache)
    times: dict[Kernels, float] = {}
    for name in KERNELS if wanted == "auto" else (wanted,):
        reason = unusable(name, cache.data.device, cache.data.dtype, cache.block_size)
        if reason is None:
            found = _check(name, cache, num_heads)
            if isinstance(found, float):
                times[name] = found
                continue
            reason = found
            if wanted == "auto":
                logger.warning("attention: %s is not used: %s", name, reason.english)
        if wanted != "auto":
            raise ConfigError("attention_unusable", field="attention", backend=name, reason=reason)
    if not times:
        return TorchBackend(cache)
    fastest = min(times, key=times.__getitem__)
    logger.info("attention: %s", fastest)
    return _kernels(fastest)(cache, num_heads=num_heads, max_running=max_running)


def unusable(name: Kernels, device: torch.device, dtype: torch.dtype, block_size: int) -> Words | None:
    """Why a backend cannot be used here, as far as can be said without running it."""
    if device.type != "cuda":
        return words("attention_no_gpu")
    if torch.cuda.get_device_capability(device) < (8, 0):
        return words("attention_old_gpu")
    if dtype not in (torch.bfloat16, torch.float16):
        return words("attention_dtype")
    if find_spec("triton") is None:
        return words("not_installed", package="triton")
    if name == "flash-attn":
        if find_spec("flash_attn") is None:
            return words("not_installed", package="flash-attn")
        if block_size % FLASH_ATTN_BLOCK:
            return words("attention_block_size", size=FLASH_ATTN_BLOCK)
    return None


def _check(name: Kernels, cache: KVCache, num_heads: int) -> float | Words:
    """Seconds that a backend takes for the check's prompts, or what is wrong with it."""
    try:
        from qwen3_vl_webui.engine.attention.check import measure  # needs Triton

        off, seconds = measure(_kernels(name), cache, num_heads)
    except Exception as error:  # whatever a compiler, a driver or a package may raise
        reason = str(error).partition("\n")[0] or type(error).__name__
        return Words(reason, reason)
    return seconds if off < TOLERANCE else words("attention_wrong", off=off)


def _kernels(name: Kernels) -> type[TritonBackend]:
    if name == "flash-attn":
        from qwen3_vl_webui.engine.attention.flash_attn import FlashAttnBackend

        return FlashAttnBackend
    from qwen3_vl_webui.engine.attention.triton_backend import TritonBackend

    return TritonBackend
