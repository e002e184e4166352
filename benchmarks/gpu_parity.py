"""How far bfloat16 is from float32, ours beside transformers', at full size with random weights.

Both networks hold the same weights: transformers' random ones, copied through the published names and rounded to
bfloat16, so that a float32 run is exact about them. The truth is transformers in float32; ours in float32 is checked
against it first. Prompts: text, one picture, a video. The figure is the root mean square error of all logits of a
prompt; ours may be at most 1.1 times transformers' own.

    PYTHONPATH=src python benchmarks/gpu_parity.py [--size 4b] [--device cuda] [--out FILE]

Prints one JSON object; exits with 1 when the ratio is above its limit.
"""

from __future__ import annotations

import argparse
import copy
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from qwen3_vl_webui.model.attention import DenseAttention
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import copy_weights
from shapes import SIZES, config_json
from transformers_peer import import_transformers

transformers = import_transformers()

LIMIT = 1.1
FLOAT32_LIMIT = 1e-3  # of the logits' own standard deviation


@dataclass(frozen=True)
class Prompt:
    token_ids: Tensor  # [n]
    positions: Tensor  # [3, n]
    patches: Tensor | None = None
    grid: tuple[int, int, int] | None = None
    media_token: int = -1


def make_prompts(config: ModelConfig, device: torch.device) -> dict[str, Prompt]:
    """Text alone, a 512x512 picture and a video of eight frames of 256x384, each within random text."""
    generator = torch.Generator().manual_seed(1)

    def words(count: int) -> Tensor:
        return torch.randint(0, min(config.text.vocab_size, 150_000) - 8, (count,), generator=generator)

    def prompt(grid: tuple[int, int, int] | None, token: int) -> Prompt:
        ids, places, at = [words(48)], [torch.arange(48).expand(3, -1)], 48
        if grid is not None:
            merge = config.vision.spatial_merge_size
            rows, columns = grid[1] // merge, grid[2] // merge
            for _ in range(grid[0]):
                row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
                frame = torch.stack((torch.zeros(rows * columns, dtype=torch.int64), row.flatten(), column.flatten()))
                ids += [torch.full((rows * columns,), token), words(8)]  # a video has timestamps between its frames
                at_end = at + max(rows, columns)
                places += [frame + at, torch.arange(at_end, at_end + 8).expand(3, -1)]
                at = at_end + 8
        ids.append(words(200))
        places.append(torch.arange(at, at + 200).expand(3, -1))
        patches = None
        if grid is not None:
            count = grid[0] * grid[1] * grid[2]
            patches = (torch.rand(count, config.vision.patch_dim, generator=generator) * 2 - 1).to(device)
        return Prompt(torch.cat(ids).to(device), torch.cat(places, dim=1).to(device), patches, grid, token)

    return {
        "text": prompt(None, -1),
        "picture": prompt((1, 32, 32), config.image_token_id),
        "video": prompt((4, 16, 24), config.video_token_id),
    }


@torch.inference_mode()
def reference_logits(model: Any, prompt: Prompt) -> Tensor:
    """[n, vocab] float32 of transformers."""
    media = {}
    if prompt.patches is not None:
        kind = "image" if prompt.media_token == model.config.image_token_id else "video"
        name = "pixel_values" if kind == "image" else "pixel_values_videos"
        grid = torch.tensor([prompt.grid], device=prompt.token_ids.device)
        media = {name: prompt.patches.to(model.dtype), f"{kind}_grid_thw": grid}
    out = model(
        input_ids=prompt.token_ids[None], position_ids=prompt.positions[:, None], use_cache=False, **media
    )  # no attention mask: one whole sequence
    return out.logits[0].float()


@torch.inference_mode()
def our_logits(model: Qwen3VL, prompt: Prompt) -> Tensor:
    """[n, vocab] float32 of ours."""
    visual = index = None
    if prompt.patches is not None:
        assert prompt.grid is not None
        visual = model.encode(prompt.patches, [prompt.grid])
        index = (prompt.token_ids == prompt.media_token).nonzero().flatten()
    hidden = model(prompt.token_ids, prompt.positions, DenseAttention([len(prompt.token_ids)]), visual, index)
    return model.logits(hidden)


def random_reference(config: dict[str, Any], device: torch.device, std: float) -> Any:
    """transformers in float32 with random weights that bfloat16 holds exactly."""
    parsed = transformers.Qwen3VLConfig(**copy.deepcopy(config))
    with torch.device(device):
        model = transformers.Qwen3VLForConditionalGeneration._from_config(
            parsed, dtype=torch.float32, attn_implementation="sdpa"
        )
    generator = torch.Generator(device).manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=std, generator=generator)
            else:  # norms around one, biases around zero
                parameter.normal_(mean=0.0 if name.endswith("bias") else 1.0, std=std, generator=generator)
            parameter.copy_(parameter.bfloat16())
    return model.eval()


def ours_from(published: dict[str, Tensor], config: ModelConfig, device: torch.device, dtype: torch.dtype) -> Qwen3VL:
    with torch.device("meta"):
        model = Qwen3VL(config).to(dtype)
    model.to_empty(device=device)
    model.tie_weights()
    copy_weights(model, published)
    return model.prepare_for_inference()


def run_all(prompts: dict[str, Prompt], logits: Callable[[Prompt], Tensor]) -> dict[str, Tensor]:
    return {name: logits(prompt).cpu() for name, prompt in prompts.items()}


def errors(found: Tensor, truth: Tensor) -> dict[str, float]:
    difference = found - truth
    return {
        "rms": difference.square().mean().sqrt().item(),
        "max": difference.abs().max().item(),
        "same_argmax": (found.argmax(-1) == truth.argmax(-1)).float().mean().item(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="4b")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--std", type=float, default=0.02, help="of the random weights")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    torch.backends.cudnn.allow_tf32 = False  # transformers' Conv3d would use it in the float32 run
    torch.backends.cuda.matmul.allow_tf32 = False
    started = time.monotonic()

    config_values = config_json(arguments.size)
    config = ModelConfig.parse(config_values, {})
    prompts = make_prompts(config, device)
    reference = random_reference(config_values, device, arguments.std)
    published = {name: tensor.to(torch.bfloat16) for name, tensor in reference.state_dict().items()}
    truth = run_all(prompts, partial(reference_logits, reference))
    del reference
    ours = ours_from(published, config, device, torch.float32)
    ours_float32 = run_all(prompts, partial(our_logits, ours))
    del ours

    parsed = transformers.Qwen3VLConfig(**copy.deepcopy(config_values))
    with torch.device(device):
        reference = transformers.Qwen3VLForConditionalGeneration._from_config(
            parsed, dtype=torch.bfloat16, attn_implementation="sdpa"
        ).eval()
    reference.load_state_dict(published)
    reference_bfloat16 = run_all(prompts, partial(reference_logits, reference))
    del reference
    ours = ours_from(published, config, device, torch.bfloat16)
    ours_bfloat16 = run_all(prompts, partial(our_logits, ours))

    report: dict[str, Any] = {
        "benchmark": "gpu_parity",
        "command": " ".join(sys.argv),
        "size": arguments.size,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "cpu",
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "weights_std": arguments.std,
        "limit": LIMIT,
        "prompts": {},
    }
    passed = True
    for name in prompts:
        spread = truth[name].std().item()
        exact = errors(ours_float32[name], truth[name])
        mine, theirs = errors(ours_bfloat16[name], truth[name]), errors(reference_bfloat16[name], truth[name])
        ratio = mine["rms"] / theirs["rms"]
        good = ratio <= LIMIT and exact["max"] <= FLOAT32_LIMIT * spread * 10 and exact["rms"] <= FLOAT32_LIMIT * spread
        passed &= good
        report["prompts"][name] = {
            "tokens": len(prompts[name].token_ids),
            "logits_std": spread,
            "ours_float32_error": exact,
            "ours_bfloat16_error": mine,
            "transformers_bfloat16_error": theirs,
            "ratio_rms": ratio,
            "ratio_max": mine["max"] / theirs["max"],
            "passed": good,
        }
    report["passed"] = passed
    report["seconds"] = round(time.monotonic() - started, 1)
    text = json.dumps(report, indent=1)
    print(text)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text + "\n")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
