"""A decoding step of the 4B shape as one CUDA graph, no engine around it: with the products for Hopper and without.

Random weights, every sequence at the same length. For each number of sequences us of a replay and tokens a second, of
`kernels.skinny_linear` (and cuBLAS) alone ("not"), with `kernels.turned_linear` ("plain") and with
`kernels.early_linear` ("early"), all that the device has in one run, and how far the last one's logits are from the
first one's. Needs PyTorch and Triton only. Prints JSON: a line on the machine, then one for each number of sequences.

    PYTHONPATH=src python benchmarks/gpu_step.py [--rows 1 2 4 8 16 32] [--length 640] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
import triton
from torch import Tensor

from gpu_timing import timed
from qwen3_vl_webui.kernels import dependent_launch
from qwen3_vl_webui.kernels.decode_attention import DecodeWorkspace, decode_attention
from qwen3_vl_webui.kernels.turned_linear import Turned, supported
from qwen3_vl_webui.model.attention import HeadNorm
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.fused import FusedDecoder
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import initialize
from shapes import config_json

BLOCK = 128


class Attend:
    """Attention of `rows` sequences of one length over a cache of random keys and values."""

    def __init__(self, model: Qwen3VL, rows: int, length: int) -> None:
        text, device = model.config.text, model.lm_head.weight.device
        blocks = -(-length // BLOCK)
        shape = (text.num_kv_heads, rows * blocks, BLOCK, text.head_dim)
        self.caches = [
            (torch.randn(shape, device=device).bfloat16(), torch.randn(shape, device=device).bfloat16())
            for _ in range(text.num_layers)
        ]
        self.tables = torch.arange(rows * blocks, dtype=torch.int32, device=device).view(rows, blocks)
        self.lengths = torch.full((rows,), length, dtype=torch.int32, device=device)
        self.dependent = dependent_launch.supported(device)
        self.workspace = DecodeWorkspace.allocate(rows, text.num_heads, text.num_kv_heads, text.head_dim, device)

    def fused(self, layer: int, qkv: Tensor, q_norm: HeadNorm, k_norm: HeadNorm, cos: Tensor, sin: Tensor) -> Tensor:
        weights = (q_norm.weight, k_norm.weight, q_norm.eps)
        place = (self.caches[layer], self.tables, self.lengths, self.workspace)
        return decode_attention(qkv, *weights, cos, sin, *place, dependent=self.dependent).flatten(1)


@torch.inference_mode()
def step(decoder: FusedDecoder, attend: Attend, ids: Tensor, positions: Tensor) -> tuple[float, Tensor]:
    """Seconds of a replay, and the logits."""

    def run() -> Tensor:
        logits = decoder.logits(decoder.forward(ids, positions, attend))
        decoder.greedy(logits)
        return logits

    run()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        logits = run()
    return timed(graph.replay, 30), logits.clone()


def measure(decoder: FusedDecoder, model: Qwen3VL, rows: int, length: int) -> dict[str, object]:
    attend = Attend(model, rows, length)
    ids = torch.randint(model.config.text.vocab_size, (rows,), device="cuda")
    positions = torch.full((3, rows), length - 1, device="cuda")
    seconds: dict[str, float] = {}
    logits: dict[str, Tensor] = {}
    for decoder.turned in [way for way in Turned if way <= supported(attend.tables.device)]:
        name = decoder.turned.name.lower()
        seconds[name], logits[name] = step(decoder, attend, ids, positions)
    apart = (logits[name] - logits["not"]).norm() / logits["not"].norm()
    return {
        "rows": rows,
        "length": length,
        **{f"{name}_us": round(1e6 * took, 1) for name, took in seconds.items()},
        **{f"{name}_tok_s": round(rows / took) for name, took in seconds.items()},
        "ratio": round(seconds["not"] / seconds[name], 3),
        "apart": round(float(apart), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--length", type=int, default=640)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    machine = {
        "benchmark": "gpu_step",
        "command": " ".join(sys.argv),
        "gpu": torch.cuda.get_device_name(),
        "versions": {"torch": torch.__version__, "triton": triton.__version__},
    }
    lines = [json.dumps(machine)]
    print(lines[0], flush=True)
    with torch.device("meta"):
        model = Qwen3VL(ModelConfig.parse(config_json("4b"), {})).to(torch.bfloat16)
    model.to_empty(device="cuda")
    model.tie_weights()
    initialize(model, torch.Generator("cuda").manual_seed(0))
    model = model.prepare_for_inference()
    decoder = FusedDecoder(model)
    for rows in args.rows:
        lines.append(json.dumps(measure(decoder, model, rows, args.length)))
        print(lines[-1], flush=True)
    if args.out:
        args.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
