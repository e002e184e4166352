"""One engine process, from its start to its end, as its parent sees it: sockets, life signs, judgement, death.

Restarting is the client's business; this is one generation, with sockets of its own, so that nothing of a dead engine
can reach its successor.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil
import zmq

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.messages import Down, Heartbeat, Launch, Stop, Up, decode_up, encode
from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.engine.status import EditionStatus

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "qwen3_vl_webui.engine.process")
FOLDER_PREFIX = "qwen3vl-engine-"


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """How long an engine may be silent or show no progress. Seconds."""

    heartbeat: float = 0.25  # between two of them
    check: float = 0.2  # between two looks at the process
    silence: float = 5.0  # without a heartbeat: frozen
    silence_starting: float = 120.0  # the same while it imports or loads: such work can hold the interpreter for long
    no_progress: float = (
        300.0  # of one step or one stretch of a load on an accelerator; a first step may compile kernels
    )
    no_progress_cpu: float = 3600.0  # on the CPU, where a chunk of a long prompt takes minutes
    asleep: float = 10.0  # on the CPU a step that uses no processor time at all is not computing


def start_ahead(command: Sequence[str] = COMMAND) -> subprocess.Popen[bytes]:
    """A process that imports what an engine needs until an `EngineProcess` takes it over, or its input is closed."""
    # Not asyncio's subprocess: its watcher and ours would both wait for the end. The session of its own keeps the
    # terminal's signals away.
    return subprocess.Popen(list(command), stdin=subprocess.PIPE, start_new_session=True)


class EngineProcess:
    """Belongs to one event loop. `exit_reason` is None while the process is thought to be well."""

    def __init__(
        self,
        configs: Mapping[Edition, EngineConfig],
        on_message: Callable[[Up], None],
        *,
        watch: Watch,
        log_level: str,
        command: Sequence[str] = COMMAND,
        transport: str | None = None,
        ahead: subprocess.Popen[bytes] | None = None,
    ) -> None:
        """Start the process, or take over the one that was started `ahead`. `on_message` is called in the event loop
        with each of its messages.

        `transport` is ipc where the system has it, else tcp (on loopback, encrypted).
        """
        self._on_message = on_message
        self._watch = watch
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))  # mode 0700
        (self.folder / "owner").write_text(str(os.getpid()))
        self._context = zmq.Context()
        self._key: bytes | None = None
        self._secret: bytes | None = None
        if transport is None:
            transport = "ipc" if zmq.has("ipc") else "tcp"
        if transport == "tcp":
            self._key, self._secret = zmq.curve_keypair()
        self._down = self._context.socket(zmq.PUSH)
        self._up = self._context.socket(zmq.PULL)
        launch = Launch(
            configs=dict(configs),
            down=self._bind(self._down, transport, "down"),
            up=self._bind(self._up, transport, "up"),
            server_key=None if self._key is None else self._key.decode(),
            parent=os.getpid(),
            heartbeat_seconds=watch.heartbeat,
            log_level=log_level,
        )
        self._process = start_ahead(command) if ahead is None else ahead
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # dead already: `check` will tell
            self._process.stdin.write(msgspec.json.encode(launch) + b"\n")
            self._process.stdin.flush()
        self.pid = self._process.pid
        self.started = time.monotonic()
        self.heartbeat: Heartbeat | None = None
        self._unsent: list[bytes] = []  # a socket without a peer takes no messages
        self._on_cpu = all(config.device == "cpu" for config in configs.values())
        self._last_check = self.started
        self._loop = asyncio.get_running_loop()
        # Not zmq.asyncio: its futures cost several times what reading a message does, for every token.
        self._loop.add_reader(self._up.fileno(), self._receive)
        self._silent = 0.0
        self._still = 0.0
        self._asleep = 0.0
        self._progress = -1
        self._processor_seconds = 0.0

    def send(self, message: Down) -> None:
        data = encode(message)
        if self.heartbeat is None:
            self._unsent.append(data)
        else:
            self._down.send(data, zmq.NOBLOCK)

    def _receive(self) -> None:
        """Take what has come. The socket's descriptor tells of news only once: read until there is nothing more."""
        while not self._up.closed:
            try:
                data = self._up.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                message = decode_up(data)
            except msgspec.DecodeError as error:
                log.error("a message of the engine was dropped: %s", error)
                continue
            self._silent = 0.0
            if isinstance(message, Heartbeat):
                self._hear(message)
            self._on_message(message)

    @property
    def editions(self) -> dict[Edition, EditionStatus]:
        return {} if self.heartbeat is None else self.heartbeat.editions

    def check(self) -> tuple[str, str] | None:
        """(error code, reason) once the process is dead or has to be replaced. Call every `watch.check` seconds.

        Time is counted in looks of bounded length: a pause of this process itself is not held against the engine.
        """
        now = time.monotonic()
        passed = min(now - self._last_check, 2 * self._watch.check)
        self._last_check = now
        self._receive()
        status = self._process.poll()
        if status is not None:
            return "engine_died", _exit_reason(status)
        self._silent += passed
        starting = self.heartbeat is None or self.heartbeat.phase == "starting"
        loading = any(edition.state == "loading" for edition in self.editions.values())
        patient = (starting or loading) and not self._is_stopped()
        if self._silent > (self._watch.silence_starting if patient else self._watch.silence):
            return "engine_stuck", f"no sign of life for {self._silent:.0f} s"
        if self.heartbeat is None or self.heartbeat.phase != "busy":
            self._still = self._asleep = 0.0
            return None
        self._still += passed
        if self._still > (self._watch.no_progress_cpu if self._on_cpu else self._watch.no_progress):
            return "engine_stuck", f"no progress for {self._still:.0f} s"
        self._asleep += passed
        if self._on_cpu and not loading and self._still > 1.0:
            used = self._processor_use()
            if used - self._processor_seconds > 0.05 * self._asleep:  # the heartbeats alone use less
                self._processor_seconds, self._asleep = used, 0.0
            if self._asleep > self._watch.asleep:
                return "engine_stuck", f"a step has not used the processor for {self._asleep:.0f} s"
        else:
            self._processor_seconds, self._asleep = self._processor_use(), 0.0
        return None

    async def end(self, patience: float) -> int | None:
        """Ask it to stop, kill it after `patience` seconds, free everything. Its exit status; None: it was killed."""
        self.send(Stop())
        status = await self._wait(patience)
        if status is None:
            self._process.kill()
            await self._wait(10.0)
        self._close()
        return status

    async def kill(self, *, show_stacks: bool) -> None:
        """End it at once. `show_stacks`: let it write first where it hangs, for the log."""
        if show_stacks and self._process.poll() is None and not self._is_stopped():
            self._process.send_signal(signal.SIGUSR1)
            await self._wait(0.3)
        if self._process.poll() is None:
            self._process.kill()
        await self._wait(10.0)
        self._close()

    def _hear(self, heartbeat: Heartbeat) -> None:
        if self.heartbeat is None:
            self.heartbeat = heartbeat
            for data in self._unsent:
                self._down.send(data)
            self._unsent.clear()
        self.heartbeat = heartbeat
        if heartbeat.progress != self._progress:
            self._progress = heartbeat.progress
            self._still = self._asleep = 0.0

    def _is_stopped(self) -> bool:
        try:
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)
        except psutil.Error:
            return False

    def _processor_use(self) -> float:
        try:
            times = psutil.Process(self.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return times.user + times.system

    async def _wait(self, seconds: float) -> int | None:
        deadline = time.monotonic() + seconds
        while (status := self._process.poll()) is None and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        return status

    def _close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._loop.remove_reader(self._up.fileno())
        self._down.close(linger=0)
        self._up.close(linger=0)
        self._context.term()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _bind(self, socket: zmq.Socket[bytes], transport: str, name: str) -> str:
        socket.set_hwm(0)
        if transport == "ipc":
            address = f"ipc://{self.folder}/{name}"
            socket.bind(address)
            return address
        socket.curve_server = True  # only who knows the public key can shake hands; it goes through the child's pipe
        socket.curve_publickey, socket.curve_secretkey = self._key, self._secret
        return f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"


def sweep() -> None:
    """Remove the folders of servers that were killed (they hold sockets, and pixels where there is no memfd)."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):
            if not psutil.pid_exists(int((folder / "owner").read_text())):
                shutil.rmtree(folder, ignore_errors=True)


def _exit_reason(status: int) -> str:
    if status >= 0:
        return f"exited with status {status}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-status).name}"
    return f"killed by signal {-status}"
