"""The decoder over fused kernels gives what the plain one gives, at every size of batch and with pictures."""

from __future__ import annotations

from functools import lru_cache

import pytest
import torch

from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.skinny_linear import linear
from qwen3_vl_webui.kernels.turned_linear import Turned, turned_linear
from qwen3_vl_webui.model.attention import DenseAttention
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.decoders import MOST_ERROR, fastest_decoder
from qwen3_vl_webui.model.fused import FusedDecoder
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import random_model
from shapes import config_json


@lru_cache
def model(where: Where) -> Qwen3VL:
    config = ModelConfig.parse(config_json("tiny"), {})
    return random_model(config, device=torch.device(where[0]), dtype=where[1], seed=0)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("count", "pictured"), [(1, False), (2, False), (20, False), (20, True), (70, True)])
@pytest.mark.parametrize("turned", [Turned.NOT, Turned.PLAIN])
@torch.inference_mode()
def test_equals_the_plain_decoder(where: Where, count: int, pictured: bool, turned: Turned) -> None:
    device, dtype, tolerance = where
    plain = model(where)
    fused = FusedDecoder(plain)
    fused.turned = turned
    hidden, vocab = plain.config.text.hidden_size, plain.config.text.vocab_size
    ids = torch.randint(vocab, (count,), device=device)
    positions = torch.arange(count, device=device).expand(3, -1)
    levels = 1 + len(plain.config.vision.deepstack_layers)
    visual = torch.randn(levels, 3, hidden, device=device).to(dtype) if pictured else None
    index = torch.tensor([4, 5, 7], device=device) if pictured else None
    arguments = (ids, positions, DenseAttention([count]), visual, index)
    expected = plain(*arguments)
    found = fused.forward(*arguments)
    assert (found - expected).norm() <= tolerance * expected.norm()
    logits = fused.logits(found)
    assert logits.dtype == torch.float32
    assert (logits - plain.logits(expected)).norm() <= tolerance * logits.norm()
    largest, token = fused.greedy(logits)
    assert torch.equal(token, logits.argmax(1))
    assert torch.equal(largest, logits.amax(1))


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("wanted", [[19], [3, 7, 7, 19], list(range(20))])
@torch.inference_mode()
def test_rows_that_are_wanted_are_those_of_the_whole(where: Where, wanted: list[int]) -> None:
    device, dtype, tolerance = where
    plain = model(where)
    ids = torch.randint(plain.config.text.vocab_size, (20,), device=device)
    positions = torch.arange(20, device=device).expand(3, -1)
    visual = torch.randn(1 + len(plain.config.vision.deepstack_layers), 3, plain.config.text.hidden_size, device=device)
    rows = torch.tensor(wanted, device=device)
    given = (ids, positions, DenseAttention([20]), visual.to(dtype), torch.tensor([4, 5, 7], device=device))
    expected = plain(*given)[rows]
    for decoder in (plain, FusedDecoder(plain)):
        found = decoder.forward(*given, rows)
        assert found.shape == expected.shape
        assert (found - expected).norm() <= tolerance * expected.norm()


@pytest.mark.parametrize("where", WHERE)
def test_the_check_tells_wrong_kernels(where: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = FusedDecoder(model(where))
    for decoder.turned in (Turned.NOT, Turned.PLAIN):
        for rows in (1, 9):
            assert decoder.check(rows) <= where[2]
    for name, product in (("linear", linear), ("turned_linear", turned_linear)):
        monkeypatch.setattr(
            f"qwen3_vl_webui.model.fused.{name}", lambda *args, f=product, **options: f(*args, **options).mul_(1.1)
        )
        decoder.turned = Turned.PLAIN if name == "turned_linear" else Turned.NOT
        assert decoder.check(9) > MOST_ERROR
        monkeypatch.undo()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("wrong", [Turned.PLAIN, Turned.EARLY])
def test_products_for_hopper_that_fail_their_check_are_left_out(
    wrong: Turned, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("qwen3_vl_webui.model.fused.turned_supported", lambda device: Turned.EARLY)
    check = FusedDecoder.check
    monkeypatch.setattr(FusedDecoder, "check", lambda self, rows: 1.0 if self.turned >= wrong else check(self, rows))
    decoder = fastest_decoder(model(("cuda", torch.bfloat16, 0.0)))
    assert isinstance(decoder, FusedDecoder)
    assert decoder.turned == wrong - 1
    assert wrong.name in caplog.text


def test_a_model_on_the_cpu_keeps_its_plain_decoder() -> None:
    plain = model(("cpu", torch.float32, 0.0))
    assert fastest_decoder(plain) is plain


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_takes_the_fused_one_unless_its_check_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = model(("cuda", torch.bfloat16, 0.0))
    assert isinstance(fastest_decoder(plain), FusedDecoder)
    monkeypatch.setattr(FusedDecoder, "check", lambda self, rows: torch.inf)
    assert fastest_decoder(plain) is plain


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("count", [1, 8, 64])
@torch.inference_mode()
def test_a_captured_step_follows_its_inputs(count: int) -> None:
    plain = model(("cuda", torch.bfloat16, 2e-2))
    fused = FusedDecoder(plain)
    ids = torch.zeros(count, dtype=torch.int64, device="cuda")
    positions = torch.arange(count, device="cuda").expand(3, -1).contiguous()

    def step() -> torch.Tensor:
        return fused.logits(fused.forward(ids, positions, DenseAttention([1] * count)))

    step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = step()
    for _ in range(3):
        ids.random_(plain.config.text.vocab_size)
        graph.replay()
        assert torch.equal(captured, step())
