"""What the commands print, in English and Chinese."""

from __future__ import annotations

import os

from qwen3_vl_webui.errors import Language

TEXTS: dict[str, tuple[str, str]] = {
    "checked": (
        "{source} is complete and every checksum matches: {folder}",
        "{source} 已完整下载，校验和全部一致：{folder}",
    ),
    "chat_hello": (
        "{name} · /help shows the commands, Ctrl-C stops an answer, Ctrl-D leaves",
        "{name} · /help 查看命令，Ctrl-C 停止回答，Ctrl-D 退出",
    ),
    "chat_help": (
        "/image PATH…   attach pictures or videos to the next question\n/edition NAME  instruct or thinking\n"
        "/clear         begin anew\n/quit          leave",
        "/image 路径…   给下一个问题附上图片或视频\n/edition 名称  instruct 或 thinking\n/clear         重新开始\n/quit          退出",
    ),
    "chat_cleared": ("The conversation begins anew.", "对话已清空。"),
    "chat_attached": ("attached: {name}", "已附上：{name}"),
    "chat_detached": ("The attached files are left out from now on.", "之后不再附上这些文件。"),
    "chat_edition": ("Now {edition}.", "现在使用 {edition}。"),
    "chat_unknown": ("No such command. /help shows them.", "没有这个命令。/help 查看命令。"),
    "chat_stopped": ("(stopped)", "（已停止）"),
    "cut_off": (
        "The answer reached its limit of tokens and is cut off; --max-tokens sets another.",
        "回答达到词元上限，已被截断；可用 --max-tokens 设置上限。",
    ),
    "demo_note": ("demo", "演示"),
    "downloading": (
        "Downloading {source} from {hub} ({size:.1f} GB) to {folder}",
        "正在从 {hub} 下载 {source}（{size:.1f} GB）到 {folder}",
    ),
    "engine_ready": ("Ready after {seconds:.1f} s.", "{seconds:.1f} 秒后就绪。"),
    "engine_failed": ("The engine could not start: {reason}", "推理引擎无法启动：{reason}"),
    "error": ("Error: {message}", "错误：{message}"),
    "fits_need": ("{alone:.1f} GB, both {together:.1f} GB", "{alone:.1f} GB，两个共 {together:.1f} GB"),
    "fits_on": (
        "What fits on {name}: {free:.1f} GB are free, weights in {dtype}",
        "{name} 可运行的模型（空闲 {free:.1f} GB，权重格式 {dtype}）：",
    ),
    "loading": ("Loading the model", "正在加载模型"),
    "open_network": (
        "Anyone who reaches this machine can use it. Set --api-key to ask for a key.",
        "任何能访问本机的人都可以使用。用 --api-key 设置密钥。",
    ),
    "plan_device": ("Device: {name}, {dtype}", "设备：{name}，{dtype}"),
    "plan_tower": (" (vision tower: {dtype})", "（视觉塔：{dtype}）"),
    "plan_model": ("Model: {names}", "模型：{names}"),
    "serving": ("Page and API: {url}", "网页与接口：{url}"),
    "serving_api": ("API: {url}", "接口：{url}"),
    "stopping": (
        "Stopping; running answers may finish. Press Ctrl-C again to stop at once.",
        "正在停止，等待未完成的回答。再按一次 Ctrl-C 立即停止。",
    ),
    "usage": (
        "{prompt} tokens in, {completion} out, first after {first:.2f} s, {speed:.0f} tokens/s",
        "输入 {prompt} 词元，输出 {completion}，首词元 {first:.2f} 秒，{speed:.0f} 词元/秒",
    ),
    "weights_half": ("{names} downloaded, {size:.0f} GB in all", "已下载 {names}，共 {size:.0f} GB"),
    "weights_missing": ("{size:.0f} GB to download", "需下载 {size:.0f} GB"),
    "weights_there": ("downloaded", "已下载"),
}


def language() -> Language:
    """Chinese when the environment says so, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def say(key: str, **details: object) -> str:
    english, chinese = TEXTS[key]
    return (chinese if language() == "zh" else english).format(**details)
