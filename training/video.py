"""Short and long clips in which things appear, move, change colour and leave: what happens at a time, and when it happens."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np

from training.draw import Canvas, mix, wear
from training.fonts import choose
from training.scene import Sample, Turn, ask
from training.shapes import SHAPES, paint
from training.words import COLORS, color_name, label


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that is on the screen from group `first` to group `last`, both included."""

    first: int
    last: int
    name: str
    move: str  # "", or where it goes


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


def clips(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A clip of groups of two frames. Times follow the sampling of the processor: evenly spaced, their mean before each group."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    groups = rng.randint(4, 16 if tokens > 130 else 8)
    per = max(4, min(30, tokens // groups))
    columns = rng.randint(2, max(2, int((per * 1.6) ** 0.5)))
    rows = max(2, min(per // columns, 5))
    width, height = columns * 32, rows * 32
    long = rng.random() < 0.35
    spacing = rng.uniform(1.0, 12.0) if long else 0.5 * rng.uniform(0.98, 1.07)  # seconds between frames
    stamps = [spacing * (2 * k + 0.5) for k in range(groups)]
    background = (
        mix((255, 255, 255), (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)), rng.choice([0, 0.1, 0.2]))
        if rng.random() < 0.8
        else (25, 25, 30)
    )
    events: list[Event] = []
    drawn: list[tuple[Event, str, str, float, float]] = []
    cut = sorted(rng.sample(range(groups + 1), min(groups + 1, rng.randint(3, 5))))
    used: set[str] = set()
    dark = background[0] < 100
    for first, end in pairwise(cut):
        if rng.random() < 0.12 and events:
            continue
        if rng.random() < 0.2:
            text = label(rng, rng.choice(["title", "city", "item"]), lang)
            event = Event(first=first, last=end - 1, name=f"文字“{text}”" if zh else f'the text "{text}"', move="")
            drawn.append((event, "text", text, rng.uniform(0.2, 0.8), rng.uniform(0.25, 0.75)))
        else:
            shape, color = rng.choice(list(SHAPES)), rng.choice([c for c in COLORS if c != "black" or not dark])
            kind = "ball" if shape == "circle" else shape
            kind_zh = "球" if shape == "circle" else SHAPES[shape]
            event = Event(
                first=first,
                last=end - 1,
                name=color_name(color, "zh") + kind_zh if zh else f"a {color} {kind}".replace("a orange", "an orange"),
                move=rng.choice(["", "", "left", "right", "up", "down"]) if end - first > 1 else "",
            )
            drawn.append((event, shape, color, rng.uniform(0.25, 0.75), rng.uniform(0.25, 0.75)))
        if event.name in used:
            drawn.pop()
            continue
        used.add(event.name)
        events.append(event)
    name = choose(rng, lang, held_out)
    shade = {c: rng.choice(COLORS[c][1]) for c in COLORS}
    side = min(width, height) * rng.uniform(0.35, 0.6)
    size = rng.randint(13, 17)
    frames = []
    for k in range(groups * 2):
        canvas = Canvas(width, height, background)
        for event, shape, value, px, py in drawn:
            if not event.first <= k // 2 <= event.last:
                continue
            share = (k / 2 - event.first) / max(1, event.last + 0.5 - event.first)
            x, y = px, py
            if event.move in ("left", "right"):
                x = 0.15 + 0.7 * (share if event.move == "right" else 1 - share)
            elif event.move:
                y = 0.15 + 0.7 * (share if event.move == "down" else 1 - share)
            if shape == "text":
                canvas.text(
                    width / 2,
                    py * height,
                    value,
                    name,
                    min(size, max(11, int(width * 1.7 / max(4, len(value) * (2 if zh else 1))))),
                    (240, 240, 240) if dark else (20, 20, 20),
                    "mm",
                )
            else:
                cx, cy = x * (width - side) + side / 2, y * (height - side) + side / 2
                paint(canvas, shape, (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2), shade[value], None)
        frames.append(canvas.array())
    video = np.stack(frames)
    if rng.random() < 0.3:
        flat = (
            wear(Random(rng.getrandbits(32)), video.reshape(-1, width, 3), 0.6)
            if video.shape[0] * height <= 1600
            else video
        )
        video = flat.reshape(video.shape)

    def end(event: Event) -> float:
        """When it is seen to be gone: at the next group, or at the end of the clip."""
        return stamps[event.last + 1] if event.last + 1 < groups else stamps[event.last] + spacing

    def span(event: Event) -> str:
        return f"{clock(stamps[event.first])} - {clock(end(event))}"

    def shown(event: Event, at_start: bool = True) -> str:
        moves = {"left": "从右向左移动", "right": "从左向右移动", "up": "向上移动", "down": "向下移动", "": ""}
        if zh:
            return event.name + moves[event.move]
        text = event.name + (f" moves {event.move}" if event.move else " is shown")
        return text[0].upper() + text[1:] if at_start else text

    conversations: list[list[Turn]] = []
    table = "; ".join(f"{span(e)} {shown(e, False)}" for e in events) or ("没有事件" if zh else "nothing")
    k = rng.randrange(groups)
    active = next((e for e in events if e.first <= k <= e.last), None)
    moment = stamps[k]
    answer = (
        (f"{shown(active)}。" if zh else f"{shown(active)}.")
        if active
        else ("什么也没有。" if zh else "Nothing is shown.")
    )
    if long and moment >= 60 and rng.random() < 0.35:
        minute = int(moment) // 60
        inside = [e for e in events if any(int(stamps[g]) // 60 == minute for g in range(e.first, e.last + 1))]
        question = ask(
            rng,
            lang,
            ["What happens in minute {m} of the video?", "Tell me what happens during minute {m}."],
            ["视频第{m}分钟发生了什么?", "第{m}分钟有什么?"],
            m=minute + 1,
        )
        answer = "\n".join(f"{span(e)}: {shown(e)}" for e in inside) or ("什么也没有。" if zh else "Nothing is shown.")
        turn = Turn(
            skill="video_minute",
            question=question,
            answer=answer,
            thinking=f"{clock(minute * 60)} - {clock(minute * 60 + 59)}: {table}",
            check={"type": "text", "text": answer},
        )
    else:
        at = clock(moment) if long or rng.random() < 0.4 else str(int(moment))
        if ":" in at:
            question = ask(
                rng,
                lang,
                ["What happens at {t}?", "What can be seen at {t}?", "What is on the screen at {t} in the video?"],
                ["视频{t}时发生了什么?", "{t}时画面上有什么?", "{t}的时候能看到什么?"],
                t=at,
            )
        else:
            question = ask(
                rng,
                lang,
                [
                    "What happens at second {t}?",
                    "What can be seen at {t} seconds?",
                    "What is shown {t} s into the video?",
                ],
                ["第{t}秒发生了什么?", "{t}秒时画面上有什么?", "视频第{t}秒能看到什么?"],
                t=at,
            )
        turn = Turn(
            skill="video_what",
            question=question,
            answer=answer,
            thinking=f"{clock(moment)}: {table}",
            check={"type": "text", "text": answer},
        )
    conversations.append([turn])
    if events:
        event = rng.choice(events)
        thing = (
            event.name[2:]
            if not zh and event.name.startswith("a ")
            else event.name[3:]
            if not zh and event.name.startswith("an ")
            else event.name
        )
        thing = thing if zh or thing.startswith("the ") else f"the {thing}"
        question = ask(
            rng,
            lang,
            [
                "When does {n} appear?",
                "When can {n} be seen?",
                "At what time is {n} shown?",
                "In which time range is {n} visible?",
            ],
            ["{n}什么时候出现?", "{n}在什么时间出现?", "什么时候能看到{n}?", "{n}出现的时间段是?"],
            n=thing,
        )
        answer = span(event)
        conversations.append(
            [
                Turn(
                    skill="video_when",
                    question=question,
                    answer=answer,
                    thinking=table,
                    check={"type": "span", "start": stamps[event.first], "end": end(event)},
                )
            ]
        )
    question = ask(
        rng,
        lang,
        [
            "Describe the video.",
            "What happens in this video? List the events with times.",
            "Summarize the video.",
            "List the events as mm:ss ranges.",
        ],
        ["描述这个视频。", "视频里发生了什么?列出事件和时间。", "总结视频内容。", "按时间列出视频中的事件。"],
    )
    answer = "\n".join(f"{span(e)}: {shown(e)}" for e in events) or ("什么也没有。" if zh else "Nothing is shown.")
    conversations.append(
        [
            Turn(
                skill="video_events",
                question=question,
                answer=answer,
                thinking=f"{len(events)}个事件。" if zh else f"{len(events)} events.",
                check={"type": "text", "text": answer},
            )
        ]
    )
    return Sample(conversations=conversations, frames=video, times=stamps)
