"""What fits: whether the editions stay in memory together, from their checkpoints' headers, before anything is loaded.

What an edition takes is reckoned in `engine.footprint`. How large a KV cache becomes is `engine.memory`'s decision; an
edition that is loaded while others are still to come is told here what to leave for them (`leaving_room`).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence

import msgspec
import torch

from qwen3_vl_webui.available_memory import available_memory
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.footprint import Footprint, bytes_together, least_cache_bytes, resident_bytes

FreeMemory = Callable[[str], int]  # bytes that can be had on a device now


def fit_together(configs: Sequence[EngineConfig], free: FreeMemory) -> bool:
    """Whether all fit beside each other. A checkpoint that cannot be read counts little: loading it will say why."""
    if len(configs) == 1:
        return True
    sizes = [(config, Footprint.read(config.folder)) for config in configs]
    return all(
        bytes_together([edition for edition in sizes if edition[0].device == device]) <= free(device)
        for device in {config.device for config in configs}
    )


def leaving_room(
    config: EngineConfig, to_come: Sequence[EngineConfig], resident: Sequence[EngineConfig] = ()
) -> EngineConfig:
    """`config`, told to leave memory for others.

    What is `resident` may still fill its vision cache, and on a CPU, where pages are taken as they are used, its KV
    cache; the editions `to_come` need their weights and an equal part of what there is for KV caches.
    """
    beside = [(other, Footprint.read(other.folder)) for other in to_come if other.device == config.device]
    decided = [(other, size) for other, size in beside if _is_decided(other)]
    reserved = sum(resident_bytes(other, size) for other, size in beside)
    reserved += sum(least_cache_bytes(other, size) for other, size in decided)
    there = [other for other in resident if other.device == config.device]
    reserved += sum(other.vision_cache_bytes for other in there)
    sharing = len(beside) - len(decided)
    if config.device == "cpu":
        sharing += sum(not _is_decided(other) for other in there)
    return msgspec.structs.replace(config, reserved_bytes=reserved, kv_share=1 / (1 + sharing))


def free_memory(device: str) -> int:
    """The real `FreeMemory`."""
    if device.startswith("cuda"):
        return torch.cuda.mem_get_info(device)[0]
    return available_memory().free


def release_cached() -> None:
    """Give the memory of dropped engines back to the device."""
    gc.unfreeze()  # what the engine's process has frozen while it was idle; a dropped engine has cycles
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _is_decided(config: EngineConfig) -> bool:
    return config.num_blocks is not None or config.kv_cache_bytes is not None
