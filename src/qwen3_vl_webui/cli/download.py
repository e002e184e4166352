"""`download`: fetch the weights that a plan needs, or models by id, with a progress bar."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qwen3_vl_webui import hub
from qwen3_vl_webui.cli.console import download_bar, err, out
from qwen3_vl_webui.cli.options import with_settings
from qwen3_vl_webui.cli.texts import say
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.errors import ConfigError
from qwen3_vl_webui.plan import EDITIONS, HUB_ID, SIZES, hub_id, model_folder


@with_settings((), also=("data", "hub"))
def download(
    models: Annotated[
        list[str],
        typer.Argument(help="A size (2b, 4b, 8b, 32b: both editions) or a hub id (Qwen/Qwen3-VL-4B-Instruct)"),
    ],
    settings: Settings,
) -> None:
    """Download weights from Hugging Face or ModelScope; goes on where it stopped, checks every file."""
    sources: list[str] = []
    for model in models:
        if model.lower() in SIZES:
            sources += [hub_id(model.lower(), edition) for edition in EDITIONS]
        elif HUB_ID.fullmatch(model):
            sources.append(model)
        else:
            raise ConfigError("download_what", field="models", source=model, sizes=", ".join(SIZES))
    for source in sources:
        folder = fetch(settings, source)
        out().print(say("checked", source=source, folder=folder))


def fetch(settings: Settings, source: str) -> Path:
    """The folder of one model: where another program left it whole, else downloaded with a bar. Raises
    `CheckpointError`.
    """
    listing = hub.find(source, settings.hub)
    for folder in hub.cached(source, settings.hub):
        if hub.holds(folder, listing):
            return folder
    folder = model_folder(settings, source)
    err().print(say("downloading", source=source, hub=listing.hub, size=listing.size / 1e9, folder=folder))
    with download_bar() as bar:
        task = bar.add_task(source.rpartition("/")[2], total=listing.size)
        hub.download(listing, folder, lambda _, done, total: bar.update(task, completed=done, total=total))
    return folder
