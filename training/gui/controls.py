"""The controls of a screen: their kinds, and what people call them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from training.scene import Box
from training.words import LABELS

KINDS = {
    "title": "标题",
    "button": "按钮",
    "input": "输入框",
    "search box": "搜索框",
    "checkbox": "复选框",
    "switch": "开关",
    "tab": "标签",
    "link": "链接",
    "icon": "图标",
    "text": "文字",
    "item": "列表项",
    "dropdown": "下拉框",
    "picture": "图片",
    "radio button": "单选框",
    "slider": "进度条",
    "menu": "菜单",
}
STATES = {  # off and on, in English and Chinese
    "switch": (("off", "已关闭"), ("on", "已开启")),
    "checkbox": (("not checked", "未勾选"), ("checked", "已勾选")),
    "radio button": (("not chosen", "未选中"), ("chosen", "已选中")),
}


@dataclass(frozen=True, kw_only=True)
class Control:
    kind: str
    text: str
    box: Box
    on: bool | None = None  # of switches, checkboxes and radio buttons
    mark: Box | None = None  # where this state is seen
    value: str = ""  # what a field holds, what a row says at its end
    selected: bool = False  # the one of its tabs that is shown


def kind_name(kind: str, lang: str) -> str:
    return KINDS[kind] if lang == "zh" else kind


def function(control: Control, lang: str) -> str:
    """What the control is for, in a few words."""
    zh, text = lang == "zh", control.text
    if control.kind == "button":
        for english, chinese, does, does_zh in LABELS["button"]:
            if text in (english, chinese):
                return does_zh if zh else does
        return "点按执行" if zh else "runs this action"
    if control.on is not None:
        return STATES[control.kind][control.on][zh]
    table = {
        "title": ("names the page", "页面标题"),
        "input": ("takes typed text", "输入内容"),
        "search box": ("finds content", "搜索内容"),
        "tab": ("switches the page", "切换页面"),
        "link": ("opens a page", "打开页面"),
        "icon": ("can be tapped", "可点按"),
        "text": ("shows information", "显示信息"),
        "item": ("opens its details", "查看详情"),
        "dropdown": ("chooses one option", "选择选项"),
        "picture": ("shows a picture", "展示图片"),
        "slider": ("sets a value", "调节大小"),
        "menu": ("opens a menu", "打开菜单"),
    }
    return table[control.kind][zh]


def reference(rng: Random, control: Control, lang: str) -> str:
    """How a person names the control."""
    kind = kind_name(control.kind, lang)
    if lang == "zh":
        return rng.choice(
            [f'"{control.text}"{kind}', f"“{control.text}”{kind}", f"{control.text}{kind}", f"{kind}“{control.text}”"]
        )
    return rng.choice(
        [
            f'the "{control.text}" {kind}',
            f"the {control.text} {kind}",
            f'the {kind} "{control.text}"',
            f"the {kind} labelled {control.text}",
        ]
    )
