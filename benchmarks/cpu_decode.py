"""Decoding on the CPU: our engine beside transformers, in one run, by turns.

Both hold a network of one published size with random bfloat16 weights and continue prompts of random tokens greedily,
for one sequence and for a batch. The peer runs in a bare loop of forward passes over its own cache, without the
overhead of its `generate`; ours runs through the real engine (scheduler, paged cache, sampler). Each round measures
both, one after the other, and the figures are medians over the rounds, so that a disturbance hits both alike. "decode"
excludes the prompt's own time; "prompt" is the time to the first token of all sequences.

    PYTHONPATH=src python benchmarks/cpu_decode.py [--size 2b] [--batches 1 8] [--rounds 5] [--start-up DIR] [--out F]

With `--start-up DIR` it also times fresh processes of both, by turns, from their start to the first token, on a
checkpoint in that folder (written there unless it is there: 4 GB for 2b), which lies in the page cache; the best of the
rounds counts. With `--batches` and nothing after it that is all. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import EngineRequest, Failed, SamplingParams, Tokens
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import random_model
from shapes import SIZES, config_json
from transformers_peer import import_transformers


@dataclass(frozen=True)
class Run:
    prompt_seconds: float
    decode_tokens_per_second: float


Prompts = np.ndarray[Any, np.dtype[np.int64]]  # [sequences, tokens]


class Ours:
    """Our engine over a random model."""

    def __init__(self, model: Qwen3VL | None, *, folder: str, sequences: int, tokens: int, threads: int) -> None:
        config = EngineConfig(
            checkpoint=folder,
            dtype="bfloat16",
            max_context=tokens,
            max_running=sequences,
            max_batch_tokens=max(2048, sequences * tokens),
            num_blocks=sequences * (tokens // 16 + 1),
            prefix_cache=False,
            threads=threads,
        )
        self.engine = Engine(config, model)
        self._count = 0

    def run(self, prompts: Prompts, new_tokens: int) -> Run:
        length = prompts.shape[1]
        positions = np.arange(length, dtype=np.int32)[None].repeat(3, 0).tobytes()
        sampling = SamplingParams(temperature=0.0, max_tokens=new_tokens, ignore_eos=True)
        for prompt in prompts:
            self._count += 1
            self.engine.add(
                EngineRequest(
                    request_id=str(self._count),
                    edition="instruct",
                    token_ids=prompt.tolist(),
                    positions=positions,
                    position_delta=0,
                    sampling=sampling,
                )
            )
        produced, first, start = 0, 0.0, time.perf_counter()
        while self.engine.has_work:
            for output in self.engine.step():
                assert isinstance(output, Tokens), output
                assert not isinstance(output, Failed)
                produced += len(output.token_ids)
            if not first and produced == len(prompts):
                first = time.perf_counter()
        assert produced == len(prompts) * new_tokens
        return Run(first - start, (produced - len(prompts)) / (time.perf_counter() - first))


class Peer:
    """transformers over random weights."""

    def __init__(self, size: Any) -> None:
        self.transformers = import_transformers()
        config = self.transformers.Qwen3VLConfig(**copy.deepcopy(config_json(size)))
        with torch.device("meta"):
            self.model = self.transformers.Qwen3VLForConditionalGeneration._from_config(
                config, dtype=torch.bfloat16, attn_implementation="sdpa"
            )
        rotary = self.model.model.language_model.rotary_emb
        self.model.to_empty(device="cpu").eval()
        self.model.tie_weights()
        frequencies, _ = rotary.compute_default_rope_parameters(config.text_config)
        rotary.inv_freq.copy_(frequencies)  # what `to_empty` left unfilled
        with torch.no_grad():
            for parameter in self.model.parameters():
                if parameter.dim() > 1:
                    parameter.normal_(std=0.02)
                else:
                    parameter.fill_(1.0)

    @torch.inference_mode()
    def run(self, prompts: Prompts, new_tokens: int) -> Run:
        cache = self.transformers.DynamicCache(config=self.model.config.text_config)
        tokens = torch.from_numpy(prompts)
        start = first = time.perf_counter()
        for step in range(new_tokens):
            out = self.model(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
            tokens = out.logits[:, -1].argmax(-1, keepdim=True)
            if step == 0:
                first = time.perf_counter()
        elapsed = time.perf_counter() - first
        return Run(first - start, len(prompts) * (new_tokens - 1) / elapsed)


def summary(runs: list[Run]) -> dict[str, Any]:
    return {
        "decode_tokens_per_second": round(statistics.median(run.decode_tokens_per_second for run in runs), 2),
        "prompt_seconds": round(statistics.median(run.prompt_seconds for run in runs), 3),
        "runs": [{key: round(value, 3) for key, value in asdict(run).items()} for run in runs],
    }


def hardware() -> dict[str, Any]:
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    flags = next((line for line in _lines("/proc/cpuinfo") if line.startswith("flags")), "")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "bf16_dot_product": "avx512_bf16" in flags,
        "load_average_at_start": os.getloadavg(),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


_OURS = """
ours = Ours(None, folder=sys.argv[2], sequences=1, tokens=256, threads=int(sys.argv[3]))
ready = time.perf_counter() - start
first = ready + ours.run(np.arange(128)[None], 2).prompt_seconds
"""
_PEER = """
torch.set_num_threads(int(sys.argv[3]))
model = import_transformers().Qwen3VLForConditionalGeneration.from_pretrained(sys.argv[2], dtype=torch.bfloat16)
ready = time.perf_counter() - start
with torch.inference_mode():
    model(input_ids=torch.arange(128)[None], logits_to_keep=1).logits.argmax(-1).item()
first = time.perf_counter() - start
"""
_IMPORTS = {"ours": "from cpu_decode import Ours", "transformers": "from transformers_peer import import_transformers"}


def start_up(folder: Path, size: Any, threads: int, rounds: int) -> dict[str, Any]:
    """Seconds of fresh processes, after one of each that fills the page cache: to ready, to the first token of 128."""
    from qwen3_vl_webui.model.weights import SINGLE_FILE, save_weights

    if not (folder / SINGLE_FILE).is_file():
        save_weights(_unpacked(ModelConfig.parse(config_json(size), {})), folder)
    (folder / "config.json").write_text(json.dumps(config_json(size)))
    sides: dict[str, list[dict[str, float]]] = {"ours": [], "transformers": []}
    for round_number in range(rounds + 1):
        for name, body in (("ours", _OURS), ("transformers", _PEER)):
            head = f"import sys, time; start = time.perf_counter(); sys.path.insert(0, sys.argv[1])\n{_IMPORTS[name]}\n"
            script = f"{head}import numpy as np, os, torch\n{body}\nprint('figures', ready, first, *os.times()[:2])"
            command = [sys.executable, "-c", script, str(Path(__file__).parent), str(folder), str(threads)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            ready, first, user, system = (float(word) for word in said.rpartition("figures")[2].split())
            if round_number:
                sides[name].append(
                    {
                        "ready_seconds": round(ready, 2),
                        "first_token_seconds": round(first, 2),
                        "processor_seconds": round(user + system, 2),
                        "load_average": round(os.getloadavg()[0], 1),
                    }
                )
    return {
        name: {key: min(run[key] for run in runs) for key in ("ready_seconds", "first_token_seconds")} | {"runs": runs}
        for name, runs in sides.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="2b")
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 8])
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--new-tokens", type=int, default=33)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--start-up", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    config = ModelConfig.parse(config_json(arguments.size), {})
    report: dict[str, Any] = {"benchmark": "cpu_decode", "command": " ".join(sys.argv), "hardware": hardware()}
    if arguments.start_up:
        report["start_up"] = start_up(arguments.start_up, arguments.size, arguments.threads, arguments.rounds)
    if arguments.batches:
        decode(arguments, config, report)
    text = json.dumps(report, indent=1)
    print(text)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text + "\n")


def decode(arguments: argparse.Namespace, config: ModelConfig, report: dict[str, Any]) -> None:
    """Measure decoding in each batch size; figures and conditions go into the report."""
    model = random_model(config, device=torch.device("cpu"), dtype=torch.bfloat16, seed=0)
    tokens = arguments.prompt_tokens + arguments.new_tokens
    ours = Ours(model, folder="", sequences=max(arguments.batches), tokens=tokens, threads=arguments.threads)
    peer = Peer(arguments.size)
    report |= {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": peer.transformers.__version__,
        },
        "size": arguments.size,
        "threads": arguments.threads,
        "prompt_tokens": arguments.prompt_tokens,
        "new_tokens": arguments.new_tokens,
        "rounds": arguments.rounds,
        "batches": {},
    }
    random = np.random.default_rng(0)
    for batch in arguments.batches:
        results: dict[str, list[Run]] = {"ours": [], "transformers": []}
        for round_number in range(arguments.rounds + 1):
            prompts = random.integers(0, config.text.vocab_size, (batch, arguments.prompt_tokens))
            for name, side in (("ours", ours), ("transformers", peer)):
                run = side.run(prompts, arguments.new_tokens if round_number else 3)  # the first round warms up
                if round_number:
                    results[name].append(run)
        sides = {name: summary(runs) for name, runs in results.items()}
        mine, theirs = sides["ours"], sides["transformers"]
        report["batches"][str(batch)] = sides | {
            "decode_ratio": round(mine["decode_tokens_per_second"] / theirs["decode_tokens_per_second"], 2),
            "prompt_ratio": round(theirs["prompt_seconds"] / mine["prompt_seconds"], 2),
        }


def _unpacked(config: ModelConfig) -> Qwen3VL:
    """A random model that can still be saved."""
    from qwen3_vl_webui.model.weights import initialize

    with torch.device("meta"):
        model = Qwen3VL(config).to(torch.bfloat16)
    model.to_empty(device="cpu")
    model.tie_weights()
    initialize(model, torch.Generator().manual_seed(0))
    return model


if __name__ == "__main__":
    main()
