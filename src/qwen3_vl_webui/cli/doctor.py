"""`doctor`: what this machine has, which models fit, what is missing and how to fix it."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from qwen3_vl_webui.cli.console import out
from qwen3_vl_webui.cli.options import with_settings
from qwen3_vl_webui.cli.texts import language
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.hardware import GB, Hardware, probe
from qwen3_vl_webui.plan import EDITIONS, OVERHEAD, SIZES, demo_folder, is_complete

Words = Callable[[str, str], str]
Fit = Literal["both", "one", "no"]
MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "fail": ("✗", "bold red")}
FITS = {"both": ("both editions", "两个版本"), "one": ("one edition at a time", "一次一个版本"), "no": ("no", "放不下")}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at; `fix` says what to do when it is not ok."""

    name: str
    state: Literal["ok", "note", "fail"]
    found: str
    fix: str = ""


@with_settings((), also=("data", "host", "port"))
def doctor(
    settings: Settings, as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON")] = False
) -> None:
    """Look at this machine: GPU, driver, memory, what will fit, what is missing and how to fix it."""
    hardware = probe()
    findings = examine(settings, hardware)
    fits = what_fits(hardware)
    if as_json:
        print(json.dumps({"findings": [asdict(one) for one in findings], "fits": fits}, ensure_ascii=False, indent=2))
    else:
        _print(findings, fits)
    if any(one.state == "fail" for one in findings):
        raise typer.Exit(1)


def examine(settings: Settings, hardware: Hardware) -> list[Finding]:
    """Everything that serving needs, the most important last."""
    chinese = language() == "zh"

    def words(english: str, translated: str) -> str:
        return translated if chinese else english

    return [
        Finding(name="Python", state="ok", found=f"{platform.python_version()} ({sys.executable})"),
        Finding(
            name=words("Processor", "处理器"),
            state="ok",
            found=words(f"{hardware.cores} cores", f"{hardware.cores} 核"),
        ),
        _memory(hardware, words("Memory", "内存"), words),
        _torch(hardware, words),
        *_gpus(hardware, words),
        _disk(settings, words("Disk", "磁盘"), words),
        _demo(words("Demo pair", "演示模型"), words),
        _port(settings, words("Port", "端口"), words),
    ]


def _memory(hardware: Hardware, name: str, words: Words) -> Finding:
    found = f"{hardware.memory_free / GB:.1f} / {hardware.memory_total / GB:.1f} GB"
    if hardware.memory_free < 2 * GB:
        fix = words("Close other programs: the demo pair needs about 2 GB.", "请关闭其他程序：演示模型约需 2 GB。")
        return Finding(name=name, state="fail", found=found, fix=fix)
    return Finding(name=name, state="ok", found=found)


def _torch(hardware: Hardware, words: Words) -> Finding:
    if hardware.torch is None:
        fix = words("Install it: pip install torch", "请安装：pip install torch")
        return Finding(name="PyTorch", state="fail", found="-", fix=fix)
    if hardware.gpus and not hardware.torch_has_cuda:
        fix = words(
            "This build cannot use the GPU. Install a CUDA build: pip install --force-reinstall torch",
            "此版本无法使用 GPU。请安装 CUDA 版：pip install --force-reinstall torch",
        )
        return Finding(name="PyTorch", state="fail", found=hardware.torch, fix=fix)
    if hardware.gpus:
        import torch

        if not torch.cuda.is_available():
            fix = words(
                "PyTorch does not reach the GPU: the driver may be too old for it. Update the driver.",
                "PyTorch 无法访问 GPU：驱动可能过旧。请更新驱动。",
            )
            return Finding(name="PyTorch", state="fail", found=hardware.torch, fix=fix)
    return Finding(name="PyTorch", state="ok", found=hardware.torch)


def _gpus(hardware: Hardware, words: Words) -> list[Finding]:
    if not hardware.gpus:
        fix = words(
            "No NVIDIA GPU or no driver: the demo pair runs on the CPU; the real models need a GPU to be quick.",
            "没有 NVIDIA GPU 或驱动：演示模型在 CPU 上运行；真正的模型需要 GPU 才够快。",
        )
        return [Finding(name="GPU", state="note", found="-", fix=fix)]
    return [
        Finding(
            name=f"GPU {gpu.index}",
            state="ok",
            found=f"{gpu.name}, {gpu.memory_free / GB:.1f} / {gpu.memory_total / GB:.1f} GB, driver {gpu.driver}",
        )
        for gpu in hardware.gpus
    ]


def _disk(settings: Settings, name: str, words: Words) -> Finding:
    folder = next(one for one in (settings.data, *settings.data.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / GB:.1f} GB: {settings.data}"
    if free < 20 * GB:
        fix = words(
            "The 4B pair takes 18 GB. Name another folder with --data.",
            "4B 两个版本共 18 GB。可用 --data 指定其他文件夹。",
        )
        return Finding(name=name, state="note", found=found, fix=fix)
    return Finding(name=name, state="ok", found=found)


def _demo(name: str, words: Words) -> Finding:
    if all(is_complete(demo_folder(edition)) for edition in EDITIONS):
        return Finding(name=name, state="ok", found=str(demo_folder("instruct").parent))
    fix = words(
        "Not in this installation: reinstall the package, or use --model 4b.",
        "此安装中没有：请重新安装，或使用 --model 4b。",
    )
    return Finding(name=name, state="note", found="-", fix=fix)


def _port(settings: Settings, name: str, words: Words) -> Finding:
    from qwen3_vl_webui.cli.serve import listen
    from qwen3_vl_webui.errors import ConfigError

    try:
        listen(settings.host, settings.port).close()
    except ConfigError as error:
        return Finding(name=name, state="note", found=f"{settings.host}:{settings.port}", fix=error.message(language()))
    return Finding(name=name, state="ok", found=f"{settings.host}:{settings.port}")


def what_fits(hardware: Hardware) -> dict[str, Fit]:
    """For each size: both editions in memory, one at a time, or none (bfloat16 weights; on the GPU if it is usable)."""
    gpu = hardware.best_gpu
    free = gpu.memory_free if gpu is not None else hardware.memory_free
    fits: dict[str, Fit] = {}
    for size, billions in SIZES.items():
        weights = billions * 2 * GB
        fits[size] = "both" if 2 * weights + OVERHEAD <= free else "one" if weights + OVERHEAD <= free else "no"
    return fits


def _print(findings: list[Finding], fits: dict[str, Fit]) -> None:
    console = out()
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for one in findings:
        mark, style = MARKS[one.state]
        text = Text(one.found)
        if one.fix:
            text.append(f"\n→ {one.fix}", style=style)
        table.add_row(Text(mark, style=style), Text(one.name, style="bold"), text)
    for size, fit in fits.items():
        table.add_row("", Text(f"Qwen3-VL-{size.upper()}", style="bold"), FITS[fit][language() == "zh"])
    console.print(table)
