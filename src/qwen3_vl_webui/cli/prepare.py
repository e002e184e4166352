"""What serve, chat and ask do first: make the plan, say it, download what is missing."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from qwen3_vl_webui.cli.download import fetch
from qwen3_vl_webui.cli.texts import language, say
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.hardware import probe
from qwen3_vl_webui.plan import Plan, Resolved, make_plan, resolve


def prepare(settings: Settings, console: Console) -> Resolved:
    """Raises `ConfigError` and `CheckpointError`."""
    hardware = probe()
    plan = make_plan(settings, hardware)
    show(plan, console)
    for checkpoint in plan.missing:
        fetch(settings, checkpoint.source)
    return resolve(settings, hardware)


def quiet(settings: Settings) -> Settings:
    """For a terminal conversation: only warnings, unless the user asked for more."""
    if "log_level" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"log_level": "warning"})


def show(plan: Plan, console: Console) -> None:
    names = ", ".join(checkpoint.name for checkpoint in plan.checkpoints)
    console.print(Text(say("plan_model", names=names), style="bold"))
    tower = say("plan_tower", dtype=plan.tower_dtype) if plan.tower_dtype else ""
    console.print(Text(say("plan_device", name=plan.device_name, dtype=plan.dtype) + tower))
    for note in plan.notes:
        console.print(Text("· " + note.message(language()), style="dim"))
