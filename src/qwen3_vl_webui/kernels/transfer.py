"""From the host to a device without waiting for what the device does."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """A host tensor on the device, in stream order: through pinned memory, which PyTorch keeps until it was copied.

    A plain `.to` waits until the device has done all its work before. On a CPU it is the tensor itself.
    """
    if device.type == "cpu":
        return tensor
    pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    # One thread's memcpy: PyTorch's own copy wakes all threads, which can take longer than a picture's bytes.
    np.copyto(pinned.numpy(), tensor.numpy())
    return pinned.to(device, non_blocking=True)
