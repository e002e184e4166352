"""Files into tensors by several threads: every number arrives, converted, and a short file is an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from qwen3_vl_webui.model import upload as module
from qwen3_vl_webui.model.upload import Stretch, opened, read, stretches, upload

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")]),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("stored", "dtype"), [("float32", "float32"), ("float32", "float16"), ("float16", "float32")])
def test_every_number_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, stored: str, dtype: str
) -> None:
    monkeypatch.setattr(module, "STRETCH", 200)  # many stretches, the last of each tensor a short one
    generator = np.random.default_rng(0)
    work: list[Stretch] = []
    expected, targets = [], []
    for number in range(3):
        values = generator.standard_normal((number + 1, 77)).astype(stored)
        path = tmp_path / f"{number}.bin"
        path.write_bytes(bytes(13) + values.tobytes())
        target = torch.full(values.shape, torch.nan, dtype=getattr(torch, dtype), device=device)
        work += stretches(path, 13, getattr(torch, stored), target)
        expected.append(torch.from_numpy(values).to(target.dtype))
        targets.append(target)
    sizes: list[int] = []
    upload(work, torch.device(device), threads=3, done=sizes.append)
    assert sum(sizes) == sum(one.numel() for one in expected) * getattr(torch, stored).itemsize
    assert len(sizes) == len(work) > 3
    assert all(torch.equal(found.cpu(), one) for found, one in zip(targets, expected, strict=True))


@pytest.mark.parametrize("device", DEVICES)
@torch.inference_mode()
def test_targets_may_be_made_in_inference_mode(tmp_path: Path, device: str) -> None:
    path = tmp_path / "numbers.bin"
    path.write_bytes(np.arange(64, dtype=np.float32).tobytes())
    target = torch.empty(64, dtype=torch.float32, device=device)
    upload(stretches(path, 0, torch.float32, target), torch.device(device))
    assert target.tolist() == list(range(64))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_reading_puts_every_number_in_its_place_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    monkeypatch.setattr(module, "STRETCH", 200)
    path = tmp_path / "numbers.bin"
    values = np.random.default_rng(0).standard_normal((3, 77)).astype("float32")
    path.write_bytes(bytes(12) + values.tobytes())
    target = torch.full(values.shape, torch.nan, dtype=getattr(torch, dtype))
    with opened([path, path]) as files:
        for stretch in stretches(path, 12, torch.float32, target):
            read(stretch, files)
    assert torch.equal(target, torch.from_numpy(values).to(target.dtype))
    path.write_bytes(bytes(12))
    with pytest.raises(OSError, match="too short"), opened([path]) as files:
        read(stretches(path, 12, torch.float32, target)[0], files)


@pytest.mark.parametrize("device", DEVICES)
def test_a_short_file_is_an_error(tmp_path: Path, device: str) -> None:
    path = tmp_path / "short.bin"
    path.write_bytes(bytes(100))
    target = torch.empty(64, dtype=torch.float32, device=device)
    with pytest.raises(OSError, match=r"short\.bin is too short"):
        upload(stretches(path, 0, torch.float32, target), torch.device(device))
