"""`serve`: the page and the API on one port, until a signal. SIGTERM and Ctrl-C let running answers finish."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from qwen3_vl_webui.cli.console import err
from qwen3_vl_webui.cli.options import with_settings
from qwen3_vl_webui.cli.prepare import prepare
from qwen3_vl_webui.cli.texts import language, say
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.errors import ConfigError
from qwen3_vl_webui.plan import Resolved

if TYPE_CHECKING:
    from qwen3_vl_webui.server.page import PageGate
    from qwen3_vl_webui.server.service import ChatService

LOOPBACK = ("127.0.0.1", "::1", "localhost")
UNWELL = ("failed", "restarting")  # states of the engine
FLUSH_SECONDS = 1  # for connections after the last answer: the page keeps one open for ever


@with_settings(("model", "server", "engine", "limits", "media"))
def serve(settings: Settings) -> None:
    """Serve the web page and the API."""
    from qwen3_vl_webui.engine.client import start_ahead  # here, for the other commands' sake

    console = err()
    listener = listen(settings.host, settings.port)
    with contextlib.closing(listener):
        engine = start_ahead()  # its imports take longer than all that is found out here
        try:
            resolved = prepare(settings, console)
        except BaseException:
            engine.kill()
            engine.communicate()
            raise
        announce(settings, listener.getsockname()[1], console)
        logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
        if settings.log_level != "debug":
            logging.getLogger("httpx").setLevel(logging.WARNING)  # it notes the address of each picture, keys included
        run_server(settings, resolved, engine, listener, console)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, before anything slow. Raises `ConfigError` when the port is taken or the address is not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ConfigError("config_invalid", field="host", reason=error) from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)  # a second server on this port fails here, not after it has loaded a model
    except PermissionError as error:
        listener.close()
        raise ConfigError("config_invalid", field="port", reason=error) from None
    except OSError as error:
        listener.close()
        if error.errno == 99:  # EADDRNOTAVAIL
            raise ConfigError("config_invalid", field="host", reason=error) from None
        raise ConfigError("port_taken", field="port", host=host, port=port) from None
    return listener


def announce(settings: Settings, port: int, console: Console) -> None:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    text = say("serving" if settings.page else "serving_api", url=f"http://{shown}:{port}")
    console.print(Text(text, style="bold green"))
    if settings.host not in LOOPBACK and not settings.api_key:
        console.print(Text(say("open_network"), style="yellow"))


def run_server(
    settings: Settings,
    resolved: Resolved,
    engine: subprocess.Popen[bytes],
    listener: socket.socket,
    console: Console,
) -> None:
    """Serve on the socket until a signal."""
    import uvicorn

    from qwen3_vl_webui.server.app import create_app

    app = create_app(settings, resolved, engine)
    service: ChatService = app.state.service

    class Server(uvicorn.Server):
        """Uvicorn, but a signal is an ordinary end, and the wait for the end is for answers and not for open pages."""

        ended_well = False

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.handle_exit, number, None)
            try:
                yield
            finally:
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.remove_signal_handler(number)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            if self.should_exit:
                self.drained.set()
            else:
                console.print(say("stopping"))
            self.should_exit = True

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            self.drained = asyncio.Event()
            await super().startup(sockets=sockets)
            self.watching = asyncio.create_task(watch(service, console))
            self.freezing = asyncio.create_task(freeze(service, app.state.page))

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            self.watching.cancel()
            self.freezing.cancel()
            for server in self.servers:
                server.close()
            service.refuse()  # also on connections that stay open
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.drain_seconds):
                    while service.busy and not self.drained.is_set():
                        await asyncio.sleep(0.05)
            status = service.engine_status()
            self.ended_well = service.failure is None and status is not None and status.state not in UNWELL
            self.config.timeout_graceful_shutdown = FLUSH_SECONDS
            logging.getLogger("uvicorn.error").addFilter(not_a_cut_connection)
            await service.stop(drain=0)  # before uvicorn cuts the connections: callers hear why their answer ends
            await super().shutdown(sockets=sockets)

    config = uvicorn.Config(
        app,
        log_level=settings.log_level if settings.log_level != "info" else "warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws_max_size=1 << 20,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        server = Server(config)
        runner.run(server.serve(sockets=[listener]))
    if not server.started or not server.ended_well:
        raise typer.Exit(1)  # a supervisor above us should know that nothing was served at the end


def not_a_cut_connection(record: logging.LogRecord) -> bool:
    """Leaves out what uvicorn says about the page's endless connection when the end cuts it."""
    cut = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut and "timeout graceful shutdown" not in record.getMessage()


async def watch(service: ChatService, console: Console) -> None:
    """Say when the model is ready, or why it never will be."""
    began = time.perf_counter()
    while not service.ready:
        status = service.engine_status()
        if service.failure is not None:
            console.print(Text(say("engine_failed", reason=service.failure.message(language())), style="bold red"))
            return
        if status is not None and status.state == "failed":
            reasons = "; ".join(one.error for one in status.editions.values() if one.error)
            console.print(Text(say("engine_failed", reason=reasons), style="bold red"))
            return
        await asyncio.sleep(0.05)
    console.print(Text(say("engine_ready", seconds=time.perf_counter() - began), style="green"))


async def freeze(service: ChatService, page: PageGate) -> None:
    """Once all is imported and nobody waits, take it out of the garbage collector's sight: looking through some 300,000
    objects stops every stream for 0.16 s, and the collector would do that now and then.
    """
    await page.loaded.wait()
    await service.settled()
    while service.busy:
        await asyncio.sleep(0.1)
    gc.collect()
    gc.freeze()
