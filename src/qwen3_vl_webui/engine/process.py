"""The engine's own process: `python -m qwen3_vl_webui.engine.process`, started and watched by `engine.supervisor`.

One thread owns the device and runs the loop: take messages, step, send the step's outputs. A second one sends
heartbeats, so that a loop that hangs is seen; a third one waits for the parent's end. The loop sleeps on the socket
while there is nothing to do. An exception of `Editions.step` means that the device is lost: it is logged, and the
process exits with status 70.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec
import zmq

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.messages import (
    Accepted,
    Add,
    Cancel,
    Heartbeat,
    Launch,
    Output,
    Outputs,
    Stop,
    Up,
    decode_down,
    encode,
    failed,
)
from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.engine.shared_pixels import read
from qwen3_vl_webui.engine.status import EditionStatus
from qwen3_vl_webui.errors import EngineFailure, WebUIError

if TYPE_CHECKING:
    from qwen3_vl_webui.engine.editions import Editions

log = logging.getLogger("qwen3_vl_webui.engine.process")  # this module runs as __main__

LOST = 70  # exit status: the loop ended in an exception
ORPHANED = 75  # exit status: the parent is gone
LOADING_POLL_MS = 50
WARM_UP_AFTER_MS = 1000  # idle for so long, the engine makes the next kind of step quick, which may take a second
STATUS_SECONDS = 0.1  # how old a busy engine's status may get: one is not made for every step
PR_SET_PDEATHSIG = 1

OpenEditions = Callable[[Mapping[Edition, EngineConfig]], "Editions"]


def import_engine() -> None:
    """Seconds, most of them PyTorch's: while the parent finds out what to run, and beside the first heartbeats."""
    # Memory of the GPU in segments that grow: batches of ever new sizes would else leave pieces that nothing fits into
    # (10 GB reserved for 2 GB in use, measured). PyTorch reads this when it is imported.
    if sys.platform == "linux" and "PYTORCH_CUDA_ALLOC_CONF" not in os.environ:
        os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    import qwen3_vl_webui.engine.editions  # noqa: F401


def open_editions(configs: Mapping[Edition, EngineConfig]) -> Editions:
    import_engine()
    import torch

    from qwen3_vl_webui.engine.editions import Editions

    threads = [config.threads for config in configs.values() if config.threads is not None]
    if threads:
        torch.set_num_threads(max(threads))
    return Editions(configs)


class EngineLoop:
    """Serves one connection until it is told to stop. `open_editions` is called once heartbeats are being sent."""

    def __init__(self, launch: Launch, open_editions: OpenEditions = open_editions) -> None:
        self._launch = launch
        self._open_editions = open_editions
        self._context = zmq.Context()
        self._down = self._socket(zmq.PULL, launch.down)
        self._up = self._socket(zmq.PUSH, launch.up)
        # Read by the heartbeat's thread; each assignment is atomic.
        self._phase: Literal["starting", "idle", "busy"] = "starting"
        self._progress = 0
        self._status: dict[Edition, EditionStatus] = {}

    def run(self) -> None:
        threading.Thread(target=self._send_heartbeats, name="heartbeat", daemon=True).start()
        editions = self._open_editions(self._launch.configs)
        idle = False
        status_due = 0.0
        while True:
            timeout = 0 if editions.has_work else LOADING_POLL_MS if editions.is_loading else None
            if timeout is None and not idle:
                self._status, self._phase, idle = editions.status(), "idle", True
                self._send(self._heartbeat())  # at once: who watches for free blocks need not wait for the next one
            if timeout is None:
                patience = WARM_UP_AFTER_MS
                while not (news := self._down.poll(patience)) and editions.warm_up():
                    patience = 0
                if not news and not gc.get_freeze_count():
                    freeze()
            outputs: list[Output] = []
            if timeout == 0 or self._down.poll(timeout):  # between steps a look costs less than a poll
                self._phase, idle = "busy", False
                if not self._take(editions, outputs):
                    return
            if editions.has_work or editions.is_loading:
                self._phase, idle = "busy", False
                before = editions.progress
                outputs.extend(editions.step())
                self._progress += editions.progress - before
                if (now := time.monotonic()) >= status_due:
                    self._status, status_due = editions.status(), now + STATUS_SECONDS
            if outputs:
                self._send(Outputs(outputs=outputs))

    def close(self) -> None:
        """Send what is still queued, for a second at most. The heartbeat's socket is left to the process's end."""
        self._down.close(linger=0)
        self._up.close(linger=1000)

    def _take(self, editions: Editions, outputs: list[Output]) -> bool:
        """Handle all messages that have arrived; False after `Stop`."""
        while True:
            try:
                data = self._down.recv(zmq.NOBLOCK)
            except zmq.Again:
                return True
            self._progress += 1
            try:
                message = decode_down(data)
            except msgspec.DecodeError as error:
                log.error("a message of %d bytes was dropped: %s", len(data), error)
                continue
            match message:
                case Add():
                    outputs.append(_add(editions, message))
                case Cancel():
                    editions.cancel(message.request_id)
                case Stop():
                    return False

    def _send(self, message: Up) -> None:
        self._up.send(encode(message))

    def _heartbeat(self) -> Heartbeat:
        return Heartbeat(phase=self._phase, progress=self._progress, editions=self._status)

    def _send_heartbeats(self) -> None:
        socket = self._socket(zmq.PUSH, self._launch.up)  # a socket belongs to one thread
        pause = threading.Event()
        while True:
            socket.send(encode(self._heartbeat()))
            pause.wait(self._launch.heartbeat_seconds)

    def _socket(self, kind: int, address: str) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.set_hwm(0)  # the server bounds what is under way; blocking a step would be worse than memory
        if self._launch.server_key is not None:
            socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
            socket.curve_serverkey = self._launch.server_key.encode()
        socket.connect(address)
        return socket


def _add(editions: Editions, message: Add) -> Output:
    request = message.request
    try:
        editions.add(request, {} if message.segment is None else read(message.segment))
    except WebUIError as error:
        return failed(request.request_id, error)
    except Exception as error:
        log.exception("adding %s", request.request_id)
        reason = f"{type(error).__name__}: {error}"
        return failed(request.request_id, EngineFailure("engine_failed", reason=reason))
    return Accepted(request_id=request.request_id)


def die_with_parent(parent: int) -> None:
    """End this process when its parent ends, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it went before the line above
            os._exit(ORPHANED)

    def wait() -> None:
        with contextlib.suppress(OSError):
            while sys.stdin.buffer.read(4096):
                pass
        os._exit(ORPHANED)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def freeze() -> None:
    """Take what is there now out of the garbage collector's sight. Looking through 300,000 objects, most of them
    PyTorch's, takes 0.16 s, and sooner or later it would do that beside running requests.

    `residency.release_cached` undoes it when an edition leaves, so that its cycles are found.
    """
    gc.collect()
    gc.freeze()


def set_up(launch: Launch) -> None:
    """What only a process of its own may change: logging, signals, hooks."""
    logging.basicConfig(
        stream=sys.stderr,
        level=launch.log_level.upper(),
        format=f"%(asctime)s %(levelname)s engine[{os.getpid()}] %(name)s: %(message)s",
    )
    # Ctrl-C and a service manager's SIGTERM reach the whole group; the server drains and then tells us to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.enable()
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1)  # the supervisor asks for the stacks before it kills a hung engine
    threading.excepthook = lambda hook: log.critical(
        "thread %s failed", hook.thread and hook.thread.name, exc_info=hook.exc_value
    )


def main(open_editions: OpenEditions = open_editions) -> None:
    """Read a `Launch` from standard input and serve until told to stop. Without one, the parent wanted no engine."""
    threading.Thread(target=import_engine, name="imports", daemon=True).start()
    line = sys.stdin.buffer.readline()
    if not line:
        os._exit(0)
    launch = msgspec.json.decode(line, type=Launch)
    set_up(launch)
    die_with_parent(launch.parent)
    status = 0
    try:
        loop = EngineLoop(launch, open_editions)
        loop.run()
        loop.close()
    except BaseException:
        log.critical("the engine failed", exc_info=True)
        status = LOST
    logging.shutdown()
    sys.stderr.flush()
    os._exit(status)  # threads that load or compute must not outlive the loop, nor crash the interpreter's teardown


if __name__ == "__main__":
    main()
