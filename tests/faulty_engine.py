"""The engine's process with the real engine and one fault, chosen by the first argument. Started by tests in place of
`python -m qwen3_vl_webui.engine.process`; the fault strikes at requests whose id starts with "fault"."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping

from torch import Tensor

from qwen3_vl_webui.engine import process
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.editions import Editions, Progress
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import Edition, EngineOutput, EngineRequest


class Faulty(Engine):
    fault = ""
    struck = False

    def add(self, request: EngineRequest, pixels: Mapping[str, Tensor] = {}) -> None:
        super().add(request, pixels)
        self.struck = self.struck or request.request_id.startswith("fault")

    def step(self) -> list[EngineOutput]:
        outputs = super().step()
        if self.struck:
            if self.fault == "hang":
                time.sleep(3600)
            if self.fault == "spin":
                while True:
                    pass
            if self.fault == "raise":
                raise RuntimeError("the device is lost")
            if self.fault == "exit":
                os._exit(0)
        elif self.fault == "slow":
            time.sleep(0.05)
        return outputs


def load(config: EngineConfig, progress: Progress) -> Engine:
    if Faulty.fault == "slow-load":
        for part in range(10):
            progress(part, 10)
            time.sleep(0.15)
    if Faulty.fault == "crash-load":
        os._exit(3)
    return Faulty(config, progress=progress)


def open_editions(configs: Mapping[Edition, EngineConfig]) -> Editions:
    return Editions(configs, load=load)


if __name__ == "__main__":
    Faulty.fault = sys.argv[1]
    process.main(open_editions)
