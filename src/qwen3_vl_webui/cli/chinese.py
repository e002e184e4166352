"""`--help`, and what is said of a wrong command line, in Chinese.

What help says is written in English in its place: the description of a setting, the help of an option, the docstring of
a command. Here is the same in Chinese, by the English; a test finds what is missing and what is left over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import typer
import typer.rich_utils
from rich.text import Text

from qwen3_vl_webui.cli.options import about
from qwen3_vl_webui.config import Settings

HELP: dict[str, str] = {
    # commands
    "Qwen3-VL on one machine: a web page, an OpenAI-compatible API and a command line.": (
        "在一台机器上使用 Qwen3-VL：网页、兼容 OpenAI 的接口和命令行。"
    ),
    "Every setting can also be a variable (QWEN3VL_PORT for --port) or a key of a TOML file (--config).": (
        "每个设置也可以写成环境变量（--port 对应 QWEN3VL_PORT）或 TOML 文件（--config）中的键。"
    ),
    "Serve the web page and the API.": "启动网页与接口服务。",
    "Chat in the terminal.": "在终端中对话。",
    "Ask one question, with pictures or videos if wanted. The answer streams to standard output.": (
        "提一个问题，可附图片或视频。回答以流式写到标准输出。"
    ),
    "Download weights from Hugging Face or ModelScope; goes on where it stopped, checks every file.": (
        "从 Hugging Face 或 ModelScope 下载权重；可续传，并校验每个文件。"
    ),
    "Look at this machine: GPU, driver, memory, what will fit, what is missing and how to fix it.": (
        "检查本机：GPU、驱动、内存、能运行哪些模型、缺少什么以及如何解决。"
    ),
    "Print the version.": "显示版本。",
    # their own options
    "Settings file (TOML); default: config.toml in the data folder": (
        "配置文件（TOML）；默认为数据文件夹中的 config.toml"
    ),
    "Pictures and videos for the first question": "第一个问题所附的图片和视频",
    "Pictures and videos, then the question": "先写图片和视频，再写问题",
    "Which edition answers": "由哪个版本回答",
    "Talk to this running server instead of loading a model": "使用这个已在运行的服务，而不加载模型",
    "Longest answer (tokens)": "回答的最大长度（词元）",
    "Print answer, reasoning, finish reason and usage as JSON": "以 JSON 输出回答、思考、结束原因和用量",
    "A size (2b, 4b, 8b, 32b: both editions) or a hub id (Qwen/Qwen3-VL-4B-Instruct)": (
        "规模（2b、4b、8b、32b：两个版本）或模型库中的名称（Qwen/Qwen3-VL-4B-Instruct）"
    ),
    "Print the findings as JSON": "以 JSON 输出检查结果",
    "Install completion for the current shell.": "为当前 shell 安装命令补全。",
    "Show completion for the current shell, to copy it or customize the installation.": (
        "显示当前 shell 的命令补全脚本，可复制或自行安装。"
    ),
    "Show this message and exit.": "显示此帮助并退出。",
    # groups of settings
    "Model": "模型",
    "Server": "服务",
    "Engine": "推理引擎",
    "Limits of one request": "单个请求的限制",
    "Where media may come from": "媒体的来源",
    # model
    "Which pair to serve; auto is 4b on a GPU that has room, else the bundled demo pair": (
        "提供哪一对模型；auto 表示 GPU 放得下时用 4b，否则用内置的演示模型"
    ),
    "Instruct checkpoint: a folder or a hub id; without --model and --thinking it is served alone": (
        "Instruct 检查点：文件夹或模型库中的名称；没有 --model 和 --thinking 时只提供它"
    ),
    "Thinking checkpoint: a folder or a hub id; without --model and --instruct it is served alone": (
        "Thinking 检查点：文件夹或模型库中的名称；没有 --model 和 --instruct 时只提供它"
    ),
    "Where weights are downloaded from; auto takes the one that answers": "从哪里下载权重；auto 表示用能连上的那个",
    "Where the model runs: auto, cpu, cuda or cuda:N": "模型在哪里运行：auto、cpu、cuda 或 cuda:N",
    "Number format of the weights and activations; auto is bfloat16 where it is fast, float32 for the demo "
    "(its vision tower in bfloat16 on processors with AMX)": (
        "权重和激活值的数值格式；auto 表示在 bfloat16 够快时用它，演示模型用 float32"
        "（在有 AMX 的处理器上其视觉塔用 bfloat16）"
    ),
    # server
    "Address to listen on; 0.0.0.0 opens it to the network": "监听的地址；0.0.0.0 表示对网络开放",
    "Port to listen on; 0 takes a free one": "监听的端口；0 表示任意空闲端口",
    "Folder for conversations, media and downloaded weights": "存放对话、媒体和已下载权重的文件夹",
    "Key that every route but the health checks asks for; several are allowed": (
        "除健康检查外所有地址都要求的密钥；可以给出多个"
    ),
    "Serve the web page beside the API": "除接口外也提供网页",
    "How much to log": "日志的详细程度",
    "How long a shutdown waits for running answers": "停止服务时最多等待未完成的回答多久",
    "Host names that requests may name, beside localhost and the address listened on; * is any": (
        "除 localhost 和监听的地址外，请求可以使用的主机名；* 表示任意"
    ),
    "Web origins besides our own that may call the API from a browser": "除本服务外，可从浏览器调用接口的网页来源",
    "Share cached prompts only within one API key, so that nobody can time what others asked": (
        "缓存的提示只在同一个 API 密钥内共享，使人无法通过计时得知他人的提问"
    ),
    # engine
    "Longest prompt and answer together; default: what the checkpoint and the memory allow": (
        "提示与回答合计的最大长度；默认为检查点和内存所允许的长度"
    ),
    "Longest answer a request may ask for": "请求可以要求的最长回答",
    "Answers written at the same time, per edition": "每个版本同时生成的回答数",
    "Requests that may queue; one more is refused with 429": "可排队的请求数；再多的以 429 拒绝",
    "Tokens computed in one step; long prompts are split into such chunks (on a GPU four times as many while no "
    "answer is being written)": "一步计算的词元数；长提示会按此分块（在 GPU 上，没有回答正在生成时为四倍）",
    "Tokens in one block of the KV cache; default: 128 on a GPU (256 with --flash-attn), 16 on a CPU": (
        "KV 缓存中一块的词元数；默认：GPU 上为 128（使用 --flash-attn 时为 256），CPU 上为 16"
    ),
    "Insist on the FlashAttention package for prompts; off: our own kernels, or whatever is the fastest here": (
        "处理提示时必须使用 FlashAttention 软件包；关闭时用自带的内核，或本机最快的方式"
    ),
    "Memory for the KV cache of one edition; default: planned from what is free": (
        "一个版本的 KV 缓存所用的内存；默认按空闲的内存安排"
    ),
    "Reuse the computed part of prompts that begin alike": "开头相同的提示复用已计算的部分",
    "Memory for the features of recent pictures and videos": "最近的图片和视频的特征所用的内存",
    "CPU threads of the engine; default: PyTorch's choice within a container's quota, one beside a GPU": (
        "推理引擎的 CPU 线程数；默认由 PyTorch 在容器配额内决定，使用 GPU 时为一个"
    ),
    # limits of one request
    "Largest body of a request; pictures and videos inside JSON count as base64": (
        "请求体的最大大小；JSON 中的图片和视频按 base64 计"
    ),
    "Largest picture or video that is uploaded or fetched": "上传或抓取的图片或视频的最大大小",
    "Pictures in one request": "一个请求中的图片数",
    "Videos in one request": "一个请求中的视频数",
    "Largest picture that is decoded, width times height": "可解码的最大图片，宽乘高",
    "Largest pixel budget a request may give one picture": "请求可给一张图片的最大像素预算",
    "Largest pixel budget a request may give one video, over all its frames": (
        "请求可给一个视频的最大像素预算，按所有帧合计"
    ),
    "Frames taken from one video": "从一个视频中取的帧数",
    "Longest video": "视频的最大时长",
    "Most frames a second a request may ask for": "请求可以要求的最高每秒帧数",
    "How long fetching one picture or video from a URL may take": "从网址抓取一个图片或视频的最长时间",
    # where media may come from
    "Folders whose files a request may name by path; none by default": "请求可按路径使用其中文件的文件夹；默认没有",
    "Hosts that media may be fetched from; none named means any public one": (
        "可从中抓取媒体的主机；不指定表示任何公网主机"
    ),
    "Also fetch media from loopback and private addresses, for a server on your own network": (
        "也从本机和私有地址抓取媒体，用于自己网络中的服务"
    ),
    # units and defaults
    "frames": "帧",
    "frames/s": "帧/秒",
    "pictures": "图片",
    "pixels": "像素",
    "requests": "请求",
    "s": "秒",
    "sequences": "序列",
    "threads": "线程",
    "tokens": "词元",
    "videos": "视频",
    "the user's data folder": "用户数据文件夹",
    "on": "开",
    "off": "关",
}

# The frames around it, which are Typer's own.
FRAMES = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "ERRORS_PANEL_TITLE": "错误",
    "DEFAULT_STRING": "[默认 {}]",  # with a space: Rich cuts off what is wider than its column and has none
    "REQUIRED_LONG_STRING": "[必填]",
    "RICH_HELP": "用 [blue]'{command_path} {help_option}'[/] 查看帮助。",
}

# What Typer says of a wrong command line. What is not here stays English.
USAGE = tuple(
    (re.compile(english, re.DOTALL), chinese)
    for english, chinese in (
        (r"No such option: (?P<a>\S+)", "没有选项 {a}。"),
        (r"No such option: (?P<a>\S+) \(Possible options: (?P<b>.*)\)", "没有选项 {a}。是否想用 {b}？"),
        (r"No such command (?P<a>'.*')\.", "没有命令 {a}。"),
        (r"No such command (?P<a>'.*')\. Did you mean (?P<b>.*)\?", "没有命令 {a}。是否想用 {b}？"),
        (r"Missing argument (?P<a>.*)\.", "缺少 {a}。"),
        (r"Got unexpected extra argument\(s\) \((?P<a>.*)\)", "多余的参数：{a}"),
        (r"Option (?P<a>'.*') requires an argument\.", "选项 {a} 需要一个值。"),
        (r"Option (?P<a>'.*') does not take a value\.", "选项 {a} 不带值。"),
        (
            r"Invalid value for (?P<a>'.*?'): Value error, (?P<b>'.*') is not one of (?P<c>.*)\.",
            "{a} 无效：应为 {c} 之一，当前为 {b}。",
        ),
        (r"Invalid value for (?P<a>'.*?'): Input should be a valid integer.*", "{a} 无效：应为整数。"),
        (r"Invalid value for (?P<a>'.*?'): Input should be a valid number.*", "{a} 无效：应为数字。"),
        (
            r"Invalid value for (?P<a>'.*?'): Input should be greater than or equal to (?P<b>\S+)",
            "{a} 无效：不得小于 {b}。",
        ),
    )
)


class Folding(typer.rich_utils.OptionHighlighter):
    """Typer's own, but Chinese, which has no spaces to break lines at, is broken anywhere instead of cut off."""

    def __call__(self, text: str | Text) -> Text:
        found = super().__call__(text)
        found.overflow = "fold"
        return found


def told(english: str | None) -> str | None:
    return None if english is None else HELP.get(english, english)


def told_usage(english: str) -> str:
    for pattern, chinese in USAGE:
        if (found := pattern.fullmatch(english)) is not None:
            return chinese.format(**found.groupdict())
    return english


def _show_error(error: Any, show: Callable[[Any], None] = typer.rich_utils.rich_format_error) -> None:
    text = told_usage(error.format_message())
    error.format_message = lambda: text
    show(error)


def in_chinese(command: Any, parent: typer.Context | None = None) -> None:
    """Turn what a command and those below it say about themselves into Chinese."""
    for name, text in FRAMES.items():
        setattr(typer.rich_utils, name, text)
    typer.rich_utils.highlighter = Folding()
    typer.rich_utils.rich_format_error = _show_error  # type: ignore[assignment]
    command.help, command.epilog = told(command.help), told(command.epilog)
    context = typer.Context(command, parent=parent, **command.context_settings)
    for one in command.get_params(context):
        field = Settings.model_fields.get(one.name)
        one.help = told(one.help) if field is None else about(field, HELP)
        one.rich_help_panel = told(one.rich_help_panel)
        if isinstance(default := getattr(one, "show_default", None), str):
            one.show_default = told(default)
    for below in getattr(command, "commands", {}).values():
        in_chinese(below, context)
