"""Triton's kernels run in its interpreter where there is no GPU; the switch must be set before they are defined."""

from __future__ import annotations

import os

import torch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")
