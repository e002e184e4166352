"""What this machine has: NVIDIA cards with their memory and driver, main memory, processor cores.

Asked of `nvidia-smi` and the operating system, not of PyTorch: looking must not create a CUDA context in the server's
process, nor cost the seconds that importing PyTorch does.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from qwen3_vl_webui.available_cores import available_cores
from qwen3_vl_webui.available_memory import available_memory

GB = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One card that this process may use. `index` is PyTorch's (after CUDA_VISIBLE_DEVICES)."""

    index: int
    name: str
    memory_total: int  # bytes
    memory_free: int  # bytes
    driver: str
    capability: float  # compute capability, 8.9 for an RTX 4090

    @property
    def has_bfloat16(self) -> bool:
        return self.capability >= 8.0


@dataclass(frozen=True, kw_only=True)
class Hardware:
    gpus: tuple[Gpu, ...]
    memory_total: int  # bytes; in a container, of its limit
    memory_free: int  # bytes that can be had without swapping
    cores: int  # that this process may use; in a container, of its quota
    torch: str | None  # version of PyTorch, None when it is not installed
    memory_limited: bool = False  # a container's limit is below what the machine has
    bfloat16_tiles: bool = False  # the processor multiplies whole tiles of bfloat16 (Intel's AMX)

    @property
    def torch_has_cuda(self) -> bool:
        """Whether the installed PyTorch can use an NVIDIA card at all."""
        return self.torch is not None and not self.torch.endswith("+cpu")

    @property
    def best_gpu(self) -> Gpu | None:
        """The usable card with most free memory."""
        if not self.torch_has_cuda:
            return None
        return max(self.gpus, key=lambda gpu: gpu.memory_free, default=None)


def probe() -> Hardware:
    """Look at this machine. Never raises: what cannot be found out is absent."""
    memory = available_memory()
    return Hardware(
        gpus=visible(query_gpus(), os.environ.get("CUDA_VISIBLE_DEVICES")),
        memory_total=memory.total,
        memory_free=memory.free,
        memory_limited=memory.limited,
        cores=available_cores(),
        torch=torch_version(),
        bfloat16_tiles=_bfloat16_tiles(),
    )


def _bfloat16_tiles(listing: Path = Path("/proc/cpuinfo")) -> bool:
    try:
        with listing.open(encoding="utf-8", errors="replace") as lines:  # all cores have the first one's flags
            return "amx_bf16" in next((line.split() for line in lines if line.startswith("flags")), [])
    except OSError:  # not Linux
        return False


def torch_version() -> str | None:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def query_gpus() -> tuple[tuple[str, Gpu], ...]:
    """All cards of the machine as (uuid, card), in the driver's order; none when there is no working driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    fields = "uuid,name,memory.total,memory.free,driver_version,compute_cap"
    try:
        answer = subprocess.run(
            [tool, f"--query-gpu={fields}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=15,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return parse_gpus(answer)


def parse_gpus(answer: str) -> tuple[tuple[str, Gpu], ...]:
    """The cards in the answer of nvidia-smi; lines that lack a number (a card that fell off the bus) are left out."""
    cards: list[tuple[str, Gpu]] = []
    for line in answer.splitlines():
        parts = [part.strip() for part in line.split(",")]
        try:
            uuid, name, total, free, driver, capability = parts
            card = Gpu(
                index=len(cards),
                name=name,
                memory_total=int(total) << 20,
                memory_free=int(free) << 20,
                driver=driver,
                capability=float(capability),
            )
        except ValueError:
            continue
        cards.append((uuid, card))
    return tuple(cards)


def visible(cards: tuple[tuple[str, Gpu], ...], variable: str | None) -> tuple[Gpu, ...]:
    """The cards that CUDA_VISIBLE_DEVICES leaves, renumbered; as in CUDA the list ends at the first unknown name."""
    if variable is None:
        return tuple(card for _, card in cards)
    chosen: list[Gpu] = []
    for word in (word.strip() for word in variable.split(",")):
        found = next(
            (card for uuid, card in cards if word == str(card.index) or (word and uuid.startswith(word))), None
        )
        if found is None:
            break
        chosen.append(found)
    return tuple(replace(card, index=index) for index, card in enumerate(chosen))
