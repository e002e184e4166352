"""Which decoder runs a model: the one over fused kernels where it works, the plain one everywhere else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import torch

from qwen3_vl_webui.model.qwen3_vl import Qwen3VL

if TYPE_CHECKING:
    from qwen3_vl_webui.model.fused import FusedDecoder

log = logging.getLogger(__name__)

MOST_ERROR = 2e-2  # relative, of one layer's products: bfloat16 rounds by 4e-3, a wrong kernel is off by 1


def fastest_decoder(model: Qwen3VL) -> FusedDecoder | Qwen3VL:
    """The fused decoder if the model is on a GPU in half precision and the kernels pass their check there.

    What is missing or fails there is logged once and never an error: the plain decoder serves every device. The check
    compiles what steps of one and of a few sequences need, or takes it from Triton's cache.
    """
    weight = model.language_model.norm.weight  # no matrix: on a CPU those may be packed away
    if weight.device.type != "cuda" or weight.dtype not in (torch.bfloat16, torch.float16):
        return model
    try:
        from qwen3_vl_webui.kernels.turned_linear import Turned  # needs Triton, which not every PyTorch brings
        from qwen3_vl_webui.model.fused import FusedDecoder

        fused = FusedDecoder(model)
        while fused.turned and (problem := _problem(fused)):
            slower = Turned(fused.turned - 1)
            log.warning("products for Hopper: %s fails here (%s), now %s", fused.turned.name, problem, slower.name)
            fused.turned = slower
        # The kernel of one row, and that of several unless it has passed already.
        error = max(fused.check(rows) for rows in ((1,) if fused.turned else (1, 2)))
    except Exception as failure:  # whatever a compiler, a driver or a missing part may raise
        log.warning("the fused kernels cannot run here (%s); decoding without them", str(failure).splitlines()[:1])
        return model
    if error > MOST_ERROR:
        log.warning("the fused kernels are wrong here (error %.3g); decoding without them", error)
        return model
    return fused


def _problem(fused: FusedDecoder) -> str:
    """What is wrong with the products of several rows, tried at each number with tiles of its own; empty if nothing."""
    try:
        error = max(fused.check(rows) for rows in (2, 64, 128))
    except Exception as failure:  # as above
        return repr(failure).splitlines()[0]
    return f"error {error:.3g}" if error > MOST_ERROR else ""
