"""Import Hugging Face transformers as a peer and reference, even beside a torchvision built for another PyTorch."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import warnings
from typing import Any

import torch

_declared: list[torch.library.Library] = []  # a library that is collected takes its operators along


def import_transformers() -> Any:
    """The transformers module, silent.

    torchvision's CUDA wheel registers shapes for operators that its CUDA library declares, which a CPU build of PyTorch
    cannot load; declaring them first is all that its import needs.
    """
    foreign = torch.version.cuda is None and importlib.util.find_spec("torchvision") is not None
    if foreign and not _declared and "+cpu" not in importlib.metadata.version("torchvision"):
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _declared.append(library)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import transformers

        transformers.logging.set_verbosity_error()
        return transformers
