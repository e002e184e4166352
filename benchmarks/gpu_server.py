"""The rows of `gpu.py` that need processes of their own: the start from a checkpoint on disk, and HTTP.

The checkpoint is the random model of the other rows with the tokenizer and template of the bundled demo, whose
vocabulary is filled up with words, so that every token that is sampled is text to be streamed. What only the server
needs is imported here when a row needs it: the other rows do without.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from gpu_ours import Ours
from qwen3_vl_webui.model.weights import save_weights
from shapes import config_json

STREAMS, NEW, ROUNDS = 32, 256, 5
WARM_UP_SECONDS = 6
PEER_START = """
import importlib.util, sys, time, torch, transformers
transformers.logging.set_verbosity_error()
kind = transformers.Qwen3VLForConditionalGeneration
straight = {"device_map": "cuda"} if importlib.util.find_spec("accelerate") else {}
model = kind.from_pretrained(sys.argv[1], dtype=torch.bfloat16, **straight).to("cuda")
model(input_ids=torch.zeros(1, 1, dtype=torch.int64, device="cuda"), logits_to_keep=1).logits.argmax().item()
print(time.time())
"""


class Server:
    """The checkpoint, written at the first row that needs it."""

    def __init__(self, ours: Ours) -> None:
        self.ours = ours
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def start(self) -> dict[str, Any]:
        """Twice; the checkpoint has just been written, so that the page cache has it."""
        from http_overhead import free_port, served

        values = self._settings()
        times = []
        for _ in range(2):
            begin = time.perf_counter()
            with served(values | {"port": free_port()}):
                times.append(time.perf_counter() - begin)
        return {"value": round(min(times), 2), "runs": [round(value, 2) for value in times]}

    def peer_start(self) -> dict[str, Any]:
        """Until the first token: an interpreter, the imports, the weights."""
        begin = time.time()
        command = [sys.executable, "-c", PEER_START, str(self.checkpoint)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return {"value": round(float(done.stdout.split()[-1]) - begin, 2)}

    def http_ratio(self) -> dict[str, Any]:
        """By turns, as `http_overhead` does; medians."""
        from http_overhead import Bare, question, served
        from qwen3_vl_webui.config import Settings

        values = self._settings()
        bare = Bare(Settings(**values))
        rates: dict[str, list[float]] = {"engine": [], "http": []}
        with served(values) as http:
            while bare.engine.warm_up():  # as the server's engine does meanwhile, after a second without a request
                pass
            time.sleep(WARM_UP_SECONDS)
            for at in range(ROUNDS + 1):
                questions = [question(at, stream, 24) for stream in range(STREAMS)]
                for name, side in (("engine", bare), ("http", http)):
                    run = side.run(questions, NEW)
                    assert run.tokens == STREAMS * NEW, run
                    if at:
                        rates[name].append(run.tokens / run.seconds)
        bare.engine.close()
        medians = {name: statistics.median(values) for name, values in rates.items()}
        return {
            "value": round(medians["http"] / medians["engine"], 3),
            "tok_s": {name: round(value, 1) for name, value in medians.items()},
            "runs": {name: [round(value) for value in values] for name, values in rates.items()},
        }

    @property
    def checkpoint(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory()
            write_checkpoint(self.ours, Path(self._folder.name))
        return Path(self._folder.name)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def _settings(self) -> dict[str, Any]:
        from http_overhead import free_port

        folder = self.checkpoint
        self.ours.reset()  # its cache and what PyTorch keeps: the room is needed
        return {
            "instruct": str(folder),
            "port": free_port(),
            "data": str(folder / "data"),
            "page": False,
            "device": str(self.ours.device),
            "max_running": STREAMS,
            "kv_cache_gb": 8.0,
            "prefix_cache": False,
        }


def write_checkpoint(ours: Ours, folder: Path) -> None:
    """The random model under the demo's words."""
    from qwen3_vl_webui.plan import demo_folder

    demo = demo_folder("instruct")
    for path in demo.glob("*.json"):
        shutil.copy(path, folder / path.name)
    config, own = config_json(ours.size), json.loads((demo / "config.json").read_text())
    for name in ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id"):
        config[name] = own[name]
    config["text_config"]["eos_token_id"] = own["text_config"].get("eos_token_id", own.get("eos_token_id"))
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    words = tokenizer["model"]["vocab"]
    words |= {token["content"]: token["id"] for token in tokenizer["added_tokens"]}  # else they move behind the others
    taken = set(words.values())
    for number in range(config["text_config"]["vocab_size"]):
        if number not in taken:
            words[f"w{number}"] = number
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    save_weights(ours.model, folder)
