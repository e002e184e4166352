"""Encode pictures and temporal groups into the vision cache: at once, or a few layers at a time beside decoding.

One picture takes from half a millisecond to a second of a GPU (attention grows with the square of its patches), and
up to minutes of a CPU. While others wait for their next tokens it therefore passes the tower in slices of layers that
take about `SLICE_SECONDS`; how many layers that is, is learnt from the slices before. Nothing waits for the device.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from collections.abc import Sequence as List
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from qwen3_vl_webui.engine.replay import Capture
from qwen3_vl_webui.engine.sequence import FeatureKey, Sequence, VisualSpan
from qwen3_vl_webui.engine.vision_cache import VisionCache
from qwen3_vl_webui.kernels.transfer import to_device
from qwen3_vl_webui.model.config import VisionConfig
from qwen3_vl_webui.model.pixels import resize, to_patches
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.vision import Encoding, Grid

logger = logging.getLogger(__name__)

Wanted = tuple[VisualSpan, Sequence]  # what is to be encoded, and whose pixels to use

SLICE_SECONDS = 0.02
STRETCH = 1.5  # times that a slice may take if that ends the picture: replayed whole it costs the host next to nothing
AGREEMENT = 0.05  # how far, relative to all features, the fused tower may be from the plain one
REPLAYED = 8192  # patches that are replayed together: with more, the launches no longer count and the memory does
KEPT = 24576  # patches of all graphs that stay
FIRST_RATE = {"cuda": 1e14, "cpu": 5e10}  # operations a second, before anything was measured


class EncodeError(Exception):
    """Some features could not be computed: what went wrong, by key. The step did not run."""

    def __init__(self, failures: dict[FeatureKey, Exception]) -> None:
        super().__init__(f"{len(failures)} pictures could not be encoded")
        self.failures = failures


class Tower(Protocol):
    """`VisionTower` or its fused form."""

    config: VisionConfig

    def __call__(self, patches: Tensor, grids: List[Grid]) -> Tensor: ...
    def begin(self, patches: Tensor, grids: List[Grid]) -> Encoding: ...
    def advance(self, encoding: Encoding, layers: int) -> None: ...
    def finish(self, encoding: Encoding) -> Tensor: ...
    def warm_up(self) -> bool: ...


def replay_bytes(config: VisionConfig, element: int) -> int:
    """Memory that graphs of the tower keep: what they compute in, and the inputs and features of each."""
    inside = 7 * config.hidden_size + config.intermediate_size
    features = (1 + len(config.deepstack_layers)) * config.out_hidden_size // config.spatial_merge_size**2
    return element * (REPLAYED * inside + KEPT * (config.patch_dim + features))


def fastest_tower(model: Qwen3VL) -> Tower:
    """The fused tower where it runs and agrees with the plain one. The check also compiles its kernels."""
    device, plain = model.visual.pos_embed.weight.device, model.visual
    if device.type != "cuda":
        return plain
    try:
        from qwen3_vl_webui.model.fused_vision import FusedTower, distance  # needs Triton

        fused = FusedTower(plain, capture=Capture(device), largest=REPLAYED, kept=KEPT)
        grids = [(1, 8, 8), (1, 4, 6)]
        generator = torch.Generator(device).manual_seed(0)
        patches = torch.rand(88, plain.config.patch_dim, device=device, generator=generator) * 2 - 1
        with torch.inference_mode():
            away = distance(fused(patches, grids), plain(patches, grids))
            frames = resize(torch.zeros(1, 40, 40, 3, dtype=torch.uint8, device=device), 32, 32)
            to_patches(frames, plain.config, plain.pos_embed.weight.dtype)
    except Exception as error:  # whatever a compiler or a driver raises
        logger.warning("the fused vision tower does not run here: %s", error)
        return plain
    if away > AGREEMENT:
        logger.warning("the fused vision tower is %.3f away from the plain one, which is used", away)
        return plain
    return fused


class Encoder:
    """The tower in front of a vision cache."""

    def __init__(self, tower: Tower, vision: VisionCache, *, dtype: torch.dtype, device: torch.device) -> None:
        self.tower = tower
        self.vision = vision
        self.dtype = dtype
        self.device = device
        self._job: _Job | None = None
        self._failures: dict[FeatureKey, Exception] = {}
        self._pace = _Pace(device)

    def warm_up(self) -> bool:
        """Make one more common size of picture quick for when it comes; False when there is none left."""
        return self.tower.warm_up()

    @torch.inference_mode()
    def encode(self, wanted: List[Wanted]) -> None:
        """Encode all of them now. EncodeError tells also what failed in `advance` since the last call."""
        job = self._job
        if job is not None and any(span.key in job for span, _ in wanted):
            self._run(job.wanted, None)
        todo = [one for one in wanted if one[0].key not in self.vision and one[0].key not in self._failures]
        if todo:
            self._job = None  # of pictures that nobody waits for just now: they are begun again
            self._run(todo, None)
        if self._failures:
            failures, self._failures = self._failures, {}
            raise EncodeError(failures)

    @torch.inference_mode()
    def advance(self, wanted: List[Wanted]) -> None:
        """Work for about `SLICE_SECONDS`: on what was begun, if it is still needed, else on the first of them."""
        job = self._job
        if job is not None and any(self.vision.is_pinned(span.key) for span, _ in job.wanted):
            self._run(job.wanted, SLICE_SECONDS)
            return
        self._job = None
        if batch := self._batch([one for one in wanted if one[0].key not in self.vision]):
            self._run(batch, SLICE_SECONDS)

    def _batch(self, wanted: List[Wanted]) -> list[Wanted]:
        """The first of them, and those after it as long as all fit into one slice."""
        batch: list[Wanted] = []
        for one in wanted:
            batch.append(one)
            if len(batch) > 1 and self._seconds(batch) > SLICE_SECONDS:
                return batch[:-1]
        return batch

    def _seconds(self, wanted: List[Wanted]) -> float:
        """What encoding them should take."""
        return self.tower.config.depth * _cost(wanted, self.tower.config) / self._pace.current()

    def _run(self, wanted: List[Wanted], seconds: float | None) -> None:
        """Pass the job, begun if there is none, through as many layers as fit, through all when `seconds` is None."""
        depth = self.tower.config.depth
        try:
            if self._job is None:
                parts = [self._patches(span, sequence) for span, sequence in wanted]
                patches = parts[0] if len(parts) == 1 else torch.cat(parts)
                grids = [(1, *span.grid) for span, _ in wanted]
                cost = _cost(wanted, self.tower.config)
                if seconds is None or self._seconds(wanted) <= STRETCH * seconds:
                    with self._pace.measured(depth * cost):
                        features = self.tower(patches, grids)
                    self._store(wanted, features)
                    return
                self._job = _Job(wanted, self.tower.begin(patches, grids), cost)
            job = self._job
            left = depth - job.encoding.layer
            fitting = left if seconds is None else int(seconds * self._pace.current() / job.layer_cost)
            layers = min(max(fitting, 1), left)
            with self._pace.measured(layers * job.layer_cost):
                self.tower.advance(job.encoding, layers)
            if layers == left:
                self._job = None
                self._store(wanted, self.tower.finish(job.encoding))
        except Exception as error:
            self._job = None
            if len(wanted) == 1:
                self._failures[wanted[0][0].key] = error
            else:  # find out which of them it was
                for one in wanted:
                    self._run([one], None)

    def _patches(self, span: VisualSpan, sequence: Sequence) -> Tensor:
        """The patches of a span; what did not come in the size of its grid is resized here."""
        config = self.tower.config
        key, group = span.key
        frames = config.temporal_patch_size
        pixels = sequence.group.pixels[key][group * frames : (group + 1) * frames]
        rows, columns = span.grid
        pixels = resize(to_device(pixels, self.device), rows * config.patch_size, columns * config.patch_size)
        return to_patches(pixels, config, self.dtype)[0]

    def _store(self, wanted: List[Wanted], features: Tensor) -> None:
        lengths = [span.length for span, _ in wanted]
        assert features.shape[1] == sum(lengths)
        for (span, _), part in zip(wanted, features.split(lengths, dim=1), strict=True):
            # A copy of its own, so that evicting one picture frees its memory.
            self.vision.put(span.key, part.clone() if len(wanted) > 1 else part)


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """Pictures on their way through the tower."""

    wanted: List[Wanted]
    encoding: Encoding
    layer_cost: float  # operations

    def __contains__(self, key: FeatureKey) -> bool:
        return any(span.key == key for span, _ in self.wanted)


class _Pace:
    """Operations a second, learnt from one slice at a time."""

    def __init__(self, device: torch.device) -> None:
        self._rate = FIRST_RATE.get(device.type, FIRST_RATE["cuda"])
        self._events = device.type == "cuda"
        self._open: tuple[float, torch.cuda.Event, torch.cuda.Event] | None = None  # cost, begin and end

    def current(self) -> float:
        if self._open is not None and self._open[2].query():
            cost, begin, end = self._open
            self._open = None
            self._learn(cost, begin.elapsed_time(end) / 1000)
        return self._rate

    @contextmanager
    def measured(self, cost: float) -> Iterator[None]:
        """Learn from what runs within: by the device's own clock where it runs apart from the host."""
        if not self._events:
            started = time.perf_counter()
            yield
            self._learn(cost, time.perf_counter() - started)
            return
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        yield
        end.record()
        if self._open is None:
            self._open = cost, begin, end

    def _learn(self, cost: float, seconds: float) -> None:
        difference = cost / max(seconds, 1e-6) - self._rate
        self._rate += (
            0.5 if difference > 0 else 0.2
        ) * difference  # a slow one may have compiled or captured something


def _cost(wanted: List[Wanted], config: VisionConfig) -> float:
    """Operations of one layer."""
    hidden = config.hidden_size
    patches = [rows * columns for rows, columns in (span.grid for span, _ in wanted)]
    products = 2 * hidden * (4 * hidden + 2 * config.intermediate_size)
    return float(sum(count * products + 4 * count**2 * hidden for count in patches))
