"""An agent's turns: the definition of its tool, and the call that clicks a control."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from training.gui.controls import kind_name, reference
from training.gui.questions import unique
from training.gui.screen import Screen
from training.scene import Turn, ask, center, scaled


def tool_definition(rng: Random, phone: bool) -> dict[str, Any]:
    """A definition such as agents send: sometimes long, sometimes bare."""
    name = "mobile_use" if phone else "computer_use"
    side = 999 if phone else 1000
    actions = (
        ["key", "click", "long_press", "swipe", "type", "system_button", "open", "wait", "terminate", "answer"]
        if phone
        else [
            "key",
            "type",
            "mouse_move",
            "left_click",
            "left_click_drag",
            "right_click",
            "middle_click",
            "double_click",
            "scroll",
            "wait",
            "terminate",
            "answer",
        ]
    )
    short = f"Use a {'touchscreen to interact with a mobile device' if phone else 'mouse and keyboard to interact with a computer'}."
    lines = [
        "* This is an interface to a desktop GUI. You do not have access to a terminal.",
        "* Some applications may take time to start, so you may need to wait and take successive screenshots.",
        f"* The screen's resolution is {side}x{side}.",
        "* Make sure to click any buttons, links, icons, etc with the cursor tip in the center of the element.",
    ]
    description = short + ("\n" + "\n".join(rng.sample(lines, rng.randint(1, 4))) if rng.random() < 0.5 else "")
    properties: dict[str, Any] = (
        {"action": {"description": "The action to perform.", "enum": actions, "type": "string"}}
        if rng.random() < 0.7
        else {"action": {"type": "string", "enum": actions}}
    )
    properties["coordinate"] = (
        {"description": "(x, y): The x and y pixel coordinates.", "type": "array"}
        if rng.random() < 0.6
        else {"type": "array"}
    )
    for extra in rng.sample(["text", "keys", "time", "status", "pixels", "button", "coordinate2"], rng.randint(0, 4)):
        properties[extra] = {
            "type": "number" if extra in ("time", "pixels") else "string" if extra != "keys" else "array"
        }
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {"type": "object", "properties": properties, "required": ["action"]},
        },
    }


def click_call(rng: Random, screen: Screen, lang: str, phone: bool, thoughts: bool) -> Turn | None:
    options = [c for c in unique(screen) if c.kind != "title"]
    if not options:
        return None
    c = rng.choice(options)
    box = scaled(c.box, screen.canvas.width, screen.canvas.height)
    point = [min(999, v) for v in center(box)] if phone else center(box)
    zh, name = lang == "zh", reference(rng, c, lang)
    wanted = ask(
        rng,
        lang,
        {
            "switch": ["Turn {v} {t}.", "Toggle {t}.", "Click {n}."],
            "input": ["Click {n}.", "Select {n}.", "Focus {n}."],
            "search box": ["Click the search box.", "Click {n}.", "I want to search for something."],
            "tab": ["Go to {t}.", "Open the {t} tab.", "Click {n}."],
            "checkbox": ["Uncheck {t}." if c.on else "Check {t}.", "Click {n}."],
            "radio button": ["Choose {t}.", "Select the option {t}.", "Click {n}."],
            "item": ["Open {t}.", "Click {n}.", "Tap on {t}.", "Show me {t}."],
            "link": ["Click {n}.", "Follow the link {t}."],
            "menu": ["Open the {t} menu.", "Click {n}."],
        }.get(c.kind, ["Click {n}.", "Tap {n}.", "Press {n}.", "Click on {t}."]),
        {
            "switch": ["把{t}{v}。", "切换{t}。", "点击{n}。"],
            "input": ["点击{n}。", "选中{n}。"],
            "search box": ["点击搜索框。", "点击{n}。", "我想搜索。"],
            "tab": ["进入{t}。", "打开{t}标签。", "点击{n}。"],
            "checkbox": ["取消勾选{t}。" if c.on else "勾选{t}。", "点击{n}。"],
            "radio button": ["选择{t}。", "选中{t}这一项。", "点击{n}。"],
            "item": ["打开{t}。", "点击{n}。", "点一下{t}。", "查看{t}。"],
            "link": ["点击{n}。", "打开链接{t}。"],
            "menu": ["打开{t}菜单。", "点击{n}。"],
        }.get(c.kind, ["点击{n}。", "点按{n}。", "按下{n}。", "点一下{t}。"]),
        n=name,
        t=c.text,
        v=("关闭" if c.on else "打开") if zh else ("off" if c.on else "on"),
    )
    if sum(1 for other in screen.controls if other.kind == "search box") > 1 and c.kind == "search box":
        wanted = f"点击{name}" if zh else f"Click {name}"
    action = "click" if phone else "left_click"
    call = json.dumps(
        {"name": "mobile_use" if phone else "computer_use", "arguments": {"action": action, "coordinate": point}}
    )
    head = ""
    if thoughts:
        head = (
            f"Thought: 需要点击{kind_name(c.kind, lang)}“{c.text}”。\nAction: 点击“{c.text}”。\n"
            if zh
            else f'Thought: The {c.kind} "{c.text}" does this.\nAction: Click "{c.text}".\n'
        )
        if rng.random() < 0.6:
            steps = rng.choice(["", "Step 1: Open the app; ", "Step 1: Scroll down; Step 2: Wait; "])
            wanted = f"The user query: {wanted}\nTask progress (You have done the following operation on the current device): {steps}"
    thinking = (
        f"{kind_name(c.kind, lang)}“{c.text}”的框是{box},中心是{point}。"
        if zh
        else f'The {c.kind} "{c.text}" has the box {box}; its center is {point}.'
    )
    return Turn(
        skill="gui_click",
        question=wanted,
        answer=f"{head}<tool_call>\n{call}\n</tool_call>",
        thinking=thinking,
        check={"type": "click", "box": box, "name": "mobile_use" if phone else "computer_use"},
    )
