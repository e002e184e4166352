"""The fastest backend that computes right is used; one that was asked for is used or refused with the reason."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from qwen3_vl_webui.engine.attention import check, choose
from qwen3_vl_webui.engine.attention.base import Mixed
from qwen3_vl_webui.engine.attention.flash_attn import FlashAttnBackend
from qwen3_vl_webui.engine.attention.triton_backend import TritonBackend
from qwen3_vl_webui.engine.kv_cache import KVCache
from qwen3_vl_webui.errors import ConfigError
from qwen3_vl_webui.kernels.prefill_attention import prefill_attention_reference

HEADS, KV_HEADS, D = 4, 2, 16


def cache(block_size: int, num_blocks: int = 2) -> KVCache:
    cuda = torch.cuda.is_available()
    return KVCache(
        num_layers=1,
        num_blocks=num_blocks,
        block_size=block_size,
        num_kv_heads=KV_HEADS,
        head_dim=D,
        dtype=torch.bfloat16 if cuda else torch.float32,
        device=torch.device("cuda" if cuda else "cpu"),
    )


class Wrong(TritonBackend):
    """Forgets the past of prompts."""

    def prefill(self, q: Tensor, pair: tuple[Tensor, Tensor], batch: Mixed, out: Tensor) -> None:
        super().prefill(q, pair, batch, out)
        out[-1] = 0


class Failing(TritonBackend):
    def prefill(self, q: Tensor, pair: tuple[Tensor, Tensor], batch: Mixed, out: Tensor) -> None:
        raise RuntimeError("out of resource: shared memory\nmore of it")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter takes its time."""
    if not torch.cuda.is_available():
        monkeypatch.setattr(check, "_CONTEXTS", (20, 0, 9))
        monkeypatch.setattr(check, "_LENGTHS", (1, 1, 5))


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernels be candidates on this device, through the interpreter if need be."""
    monkeypatch.setattr(
        choose,
        "unusable",
        lambda name, *facts: None if name == "triton" else choose.words("not_installed", package=name),
    )


@pytest.mark.parametrize("wanted", ["auto", "triton"])
@pytest.mark.usefixtures("everywhere")
def test_the_kernels_pass_their_check(wanted: choose.Wanted) -> None:
    backend = choose.choose_backend(wanted, cache(16), num_heads=HEADS, max_running=3)
    assert isinstance(backend, TritonBackend)
    assert backend.workspace.rows == 3


@pytest.mark.usefixtures("everywhere")
def test_the_check_leaves_the_cache_as_it_found_it() -> None:
    used = cache(16, num_blocks=60)
    assert isinstance(choose.choose_backend("auto", used, num_heads=HEADS, max_running=3), TritonBackend)
    assert not bool(used.data.any())


@pytest.mark.parametrize(("kind", "reason"), [(Wrong, "off by"), (Failing, "out of resource")])
@pytest.mark.usefixtures("everywhere")
def test_a_backend_that_is_wrong_is_not_used(
    kind: type[TritonBackend], reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(choose, "_kernels", lambda name: kind)
    with caplog.at_level(logging.WARNING):
        assert choose.choose_backend("auto", cache(16), num_heads=HEADS, max_running=3).name == "torch"
    assert reason in caplog.text
    with pytest.raises(ConfigError, match=reason):
        choose.choose_backend("triton", cache(16), num_heads=HEADS, max_running=3)


def test_a_cpu_keeps_pytorch() -> None:
    device = torch.device("cpu")
    for name in choose.KERNELS:
        reason = choose.unusable(name, device, torch.float32, 16)
        assert reason is not None
        assert "GPU" in reason.english


@pytest.mark.parametrize(
    ("capability", "dtype", "block_size", "package", "reason"),
    [
        ((7, 5), torch.float16, 256, True, "8.0"),
        ((8, 6), torch.float32, 256, True, "bfloat16"),
        ((8, 6), torch.float16, 256, False, "flash-attn"),
        ((8, 6), torch.float16, 16, True, "256"),
        ((8, 6), torch.float16, 256, True, None),
    ],
)
def test_flash_attention_says_why_it_cannot(
    capability: tuple[int, int],
    dtype: torch.dtype,
    block_size: int,
    package: bool,
    reason: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(choose, "find_spec", lambda name: package or name == "triton" or None)
    found = choose.unusable("flash-attn", torch.device("cuda"), dtype, block_size)
    assert (found is None) if reason is None else (found is not None and reason in found.english)


def test_flash_attention_gets_what_its_interface_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in with the package's documented signature and meaning."""

    def flash_attn_varlen_func(
        q: Tensor,
        k: Tensor,
        v: Tensor,
        cu_seqlens_q: Tensor,
        cu_seqlens_k: Tensor,
        max_seqlen_q: int,
        max_seqlen_k: int,
        *,
        causal: bool,
        block_table: Tensor,
    ) -> Tensor:
        assert causal
        assert k.shape[1:] == v.shape[1:] == (256, KV_HEADS, D)
        assert cu_seqlens_q.dtype == cu_seqlens_k.dtype == block_table.dtype == torch.int32
        assert max_seqlen_q >= int(cu_seqlens_q.diff().max())
        assert max_seqlen_k >= int(cu_seqlens_k.diff().max())
        context = cu_seqlens_k.diff() - cu_seqlens_q.diff()
        pools = (k.permute(2, 0, 1, 3), v.permute(2, 0, 1, 3))
        return prefill_attention_reference(q, pools, block_table, cu_seqlens_q, context).to(q.dtype)

    monkeypatch.setitem(
        sys.modules,
        "flash_attn",
        SimpleNamespace(flash_attn_varlen_func=flash_attn_varlen_func),  # type: ignore[arg-type]
    )
    off, _ = check.measure(FlashAttnBackend, cache(256), HEADS)
    assert off < choose.TOLERANCE
