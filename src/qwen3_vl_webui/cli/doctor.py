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
from qwen3_vl_webui.cli.texts import language, say
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.hardware import GB, Hardware, probe
from qwen3_vl_webui.plan import EDITIONS, SIZES, demo_folder, is_complete, needed_bytes, published, where

Words = Callable[[str, str], str]
MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "fail": ("✗", "bold red")}
FITS = {
    "both": ("both editions together", "两个版本同时常驻"),
    "one": ("one edition at a time", "一次一个版本"),
    "no": ("does not fit", "放不下"),
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at; `fix` says what to do when it is not ok."""

    name: str
    state: Literal["ok", "note", "fail"]
    found: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Whether the editions of a size fit: together, one at a time, or not at all."""

    size: str
    fits: Literal["both", "one", "no"]
    alone_bytes: int  # free memory that one edition wants
    together_bytes: int  # and both
    weights_bytes: int  # of one edition on disk
    downloaded: tuple[Edition, ...]


@with_settings((), also=("data", "hub", "host", "port", "device", "dtype", "max_context", "kv_cache_gb"))
def doctor(
    settings: Settings, as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON")] = False
) -> None:
    """Look at this machine: GPU, driver, memory, what will fit, what is missing and how to fix it."""
    hardware = probe()
    findings = examine(settings, hardware)
    fits = what_fits(settings, hardware)
    if as_json:
        report = {"findings": [asdict(one) for one in findings], "fits": {fit.size: asdict(fit) for fit in fits}}
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _print(findings, fits, settings, hardware)
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
    if hardware.memory_limited:
        found += words(" (this container's limit)", "（此容器的上限）")
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


def what_fits(settings: Settings, hardware: Hardware) -> list[Fit]:
    """Each published size, by the reckoning that the engine itself goes by."""
    device, _, free, dtype = where(settings, hardware)
    fits = []
    for size, footprint in SIZES.items():
        alone, together = (needed_bytes(settings, size, device, dtype, editions=count) for count in (1, 2))
        found = [edition for edition in EDITIONS if published(settings, size, edition).present]
        fits.append(
            Fit(
                size=size,
                fits="both" if together <= free else "one" if alone <= free else "no",
                alone_bytes=alone,
                together_bytes=together,
                weights_bytes=footprint.elements * 2,
                downloaded=tuple(found),
            )
        )
    return fits


def _print(findings: list[Finding], fits: list[Fit], settings: Settings, hardware: Hardware) -> None:
    console = out()
    chinese = language() == "zh"
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for one in findings:
        mark, style = MARKS[one.state]
        text = Text(one.found)
        if one.fix:
            text.append(f"\n→ {one.fix}", style=style)
        table.add_row(Text(mark, style=style), Text(one.name, style="bold"), text)
    console.print(table)
    _, name, free, dtype = where(settings, hardware)
    console.print(Text("\n" + say("fits_on", name=name, dtype=dtype, free=free / GB), style="bold"))
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for fit in fits:
        there = {0: "weights_missing", 1: "weights_half", 2: "weights_there"}[len(fit.downloaded)]
        table.add_row(
            f"Qwen3-VL-{fit.size.upper()}",
            FITS[fit.fits][chinese],
            say("fits_need", alone=fit.alone_bytes / GB, together=fit.together_bytes / GB),
            say(there, names=", ".join(fit.downloaded), size=2 * fit.weights_bytes / GB),
        )
    console.print(table)
